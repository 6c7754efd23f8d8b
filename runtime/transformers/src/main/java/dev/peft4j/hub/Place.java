package dev.peft4j.hub;

import java.io.IOException;
import java.nio.file.Path;

/** Where a download goes: the Hub's cache or a folder. */
interface Place {
  /** The folder with all files. */
  Path folder(String commit);

  /** True if the file is there, and right as far as can be told at once. */
  boolean isPresent(String commit, HubFile file) throws IOException;

  /** Where a file with this hash grows; what is there already is its beginning. */
  Path partial(HubFile file, String etag);

  /** The lock of that file. */
  Path lock(HubFile file, String etag);

  /**
   * Makes a file of contents that are on this machine already.
   *
   * @return false if they are not
   */
  boolean link(String commit, HubFile file, String etag) throws IOException;

  /** Gives the partial file, which is whole now, its name. */
  void complete(String commit, HubFile file, String etag) throws IOException;

  /** All files are there. */
  void finish(String commit) throws IOException;
}
