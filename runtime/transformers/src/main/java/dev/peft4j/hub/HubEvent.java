package dev.peft4j.hub;

import java.util.List;

/** An event of a download. */
public sealed interface HubEvent {
  /**
   * The Hub has listed the files.
   *
   * @param commit the commit that the revision stands for
   * @param files the requested files, including those that are already on this machine
   */
  record Listed(String commit, List<HubFile> files) implements HubEvent {}

  /**
   * The progress of a file.
   *
   * @param path the file's name
   * @param bytes the bytes received so far, including those of an interrupted download
   * @param size the bytes of the whole file
   */
  record Progress(String path, long bytes, long size) implements HubEvent {}

  /**
   * The download is waiting: for the Hub's limit of requests, a broken connection, or another
   * download of the same file.
   *
   * @param sentence what it is waiting for, and how long
   */
  record Waiting(String sentence) implements HubEvent {}
}
