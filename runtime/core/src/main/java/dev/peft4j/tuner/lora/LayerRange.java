package dev.peft4j.tuner.lora;

/**
 * A range of a model's blocks, one of peft's {@code layer_replication}.
 *
 * @param from the first block; at least 0
 * @param to the block behind the last one; greater than {@code from}
 */
public record LayerRange(int from, int to) {
  /** Checks the numbers. */
  public LayerRange {
    if (from < 0 || to <= from) {
      throw new IllegalArgumentException(
          "layer replication: [" + from + ", " + to + ") is not a range of blocks");
    }
  }
}
