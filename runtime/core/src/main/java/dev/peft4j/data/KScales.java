package dev.peft4j.data;

/** The eight scales and minima of 6 bits that {@link Q4_K} and {@link Q5_K} pack in 12 bytes. */
final class KScales {
  private KScales() {}

  /** Scale {@code j} of those at byte {@code at}. */
  static int scale(GgufBlocks.Codes codes, int at, int j) {
    return j < 4
        ? codes.u8(at + j) & 63
        : codes.nibble(at + j + 4, 0) | codes.u8(at + j - 4) >> 6 << 4;
  }

  /** Minimum {@code j} of those at byte {@code at}. */
  static int minimum(GgufBlocks.Codes codes, int at, int j) {
    return j < 4
        ? codes.u8(at + j + 4) & 63
        : codes.nibble(at + j + 4, 1) | codes.u8(at + j) >> 6 << 4;
  }
}
