package dev.peft4j.data;

/** The numbers of 4 bits that {@link MXFP4} and {@link NVFP4} share, doubled. */
final class E2M1 {
  /** What a code stands for, times two; code 8 is a zero without sign. */
  static final int[] DOUBLED = {0, 1, 2, 3, 4, 6, 8, 12, 0, -1, -2, -3, -4, -6, -8, -12};

  private E2M1() {}
}
