package dev.peft4j.graph;

/** An op that adds zeros before and after its input along one axis. */
public interface Padding {
  /** Returns the axis. */
  int axis();

  /** Returns {@code x} with the zeros around it. */
  Node padded(Node x);

  /**
   * Returns the part of a node of the padded size that corresponds to this op's input; {@code x}
   * itself if the axis is -1.
   */
  Node unpadded(Node x, int axis);
}
