package dev.peft4j.hub;

import java.io.IOException;
import java.nio.file.Path;

/** The target of a download: the Hub's cache or a folder. */
interface Place {
  /** Returns the folder with all files. */
  Path folder(String commit);

  /** Returns whether the file exists, and seems correct in a quick check. */
  boolean isPresent(String commit, HubFile file) throws IOException;

  /** Returns the partial file of contents with this hash; an existing one is continued. */
  Path partial(HubFile file, String etag);

  /** Returns the lock of that file. */
  Path lock(HubFile file, String etag);

  /**
   * Creates a file of contents that are already on this machine.
   *
   * @return false if they are not there
   */
  boolean link(String commit, HubFile file, String etag) throws IOException;

  /** Gives the partial file, which is complete, its name. */
  void complete(String commit, HubFile file, String etag) throws IOException;

  /** Completes a download of all files. */
  void finish(String commit) throws IOException;
}
