package dev.peft4j.backend.cpu;

/**
 * Loops over the blocks of one encoding, decoded in registers. A product of two rows has 32 sums:
 * element {@code i} goes to sum {@code i % 32}, multiplied and added in one ({@link Math#fma}); the
 * loops leave 16 of them, each two whose numbers differ by 16 added up, and {@link VectorDots#tree}
 * adds up these.
 */
interface CodedLoops {
  /** Decodes {@code n} values, whole blocks. */
  void decode(long codes, long to, int n);

  /**
   * Multiplies a row of {@code k} values with {@code count} rows of a weight.
   *
   * @param rowBytes from a row of the weight to the next
   */
  void sums(long x, long w, long rowBytes, int count, int k, long sums);

  /**
   * Multiplies four rows of {@code k} values with one row of a weight.
   *
   * @param step from a row of x to the next, in bytes
   */
  void fourSums(long x, long step, long w, int k, long sums);
}
