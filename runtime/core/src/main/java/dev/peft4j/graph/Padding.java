package dev.peft4j.graph;

/** An op that adds zeros before and after its input along one axis. */
public interface Padding {
  /** The axis. */
  int axis();

  /** {@code x} with the zeros around it. */
  Node padded(Node x);

  /**
   * What lies where this op's input lies, of a node of the padded size; {@code x} itself if the
   * axis is -1.
   */
  Node unpadded(Node x, int axis);
}
