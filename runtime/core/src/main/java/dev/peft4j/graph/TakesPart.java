package dev.peft4j.graph;

/** An op that takes a contiguous part of its input along one axis. */
public interface TakesPart {
  /** Returns the axis. */
  int axis();

  /** Returns the first index taken. */
  int from();

  /** Returns the index after the last one taken. */
  int to();

  /** Returns the op that takes the same indices along another axis. */
  Op along(int axis);
}
