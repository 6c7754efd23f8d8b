package dev.peft4j.graph;

/** An op that takes a contiguous part of its input along one axis. */
public interface TakesPart {
  /** The axis. */
  int axis();

  /** The first index taken. */
  int from();

  /** The index after the last one taken. */
  int to();

  /** The op that takes the same indices along another axis. */
  Op along(int axis);
}
