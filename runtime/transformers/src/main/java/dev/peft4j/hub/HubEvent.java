package dev.peft4j.hub;

import java.util.List;

/** Something that happened in a download. */
public sealed interface HubEvent {
  /**
   * The Hub has said what there is.
   *
   * @param commit the commit that the revision stands for
   * @param files those that were asked for, also those that are on this machine already
   */
  record Listed(String commit, List<HubFile> files) implements HubEvent {}

  /**
   * A file has come so far.
   *
   * @param path the file's name
   * @param bytes those that are there, those of a download that was broken off included
   * @param size those that there will be
   */
  record Progress(String path, long bytes, long size) implements HubEvent {}

  /**
   * Something is waited for: the Hub's limit of requests, a broken connection, or somebody else who
   * downloads the same file.
   *
   * @param sentence what, and for how long
   */
  record Waiting(String sentence) implements HubEvent {}
}
