package dev.peft4j.constraint;

import java.util.ArrayList;
import java.util.List;

/** Ranges of code points as ranges of the bytes of UTF-8. */
final class Utf8 {
  private static final int[] LAST = {0x7F, 0x7FF, 0xFFFF, CodePoints.MAX};

  private Utf8() {}

  /**
   * Returns sequences of ranges of bytes: for each byte its first and last value. Together they are
   * the code points from {@code first} to {@code last}.
   */
  static List<int[]> sequences(int first, int last) {
    List<int[]> all = new ArrayList<>();
    int from = first;
    for (int length = 1; length <= 4; length++) {
      int to = Math.min(last, LAST[length - 1]);
      if (from <= to) {
        split(from, to, length, all);
        from = to + 1;
      }
    }
    return all;
  }

  private static void split(int first, int last, int length, List<int[]> all) {
    for (int i = 1;
        i < length;
        i++) { // the last i bytes must go over all values, or the rest be one
      int mask = (1 << (6 * i)) - 1;
      if ((first & ~mask) != (last & ~mask)) {
        if ((first & mask) != 0) {
          split(first, first | mask, length, all);
          split((first | mask) + 1, last, length, all);
          return;
        }
        if ((last & mask) != mask) {
          split(first, (last & ~mask) - 1, length, all);
          split(last & ~mask, last, length, all);
          return;
        }
      }
    }
    byte[] a = bytes(first, length);
    byte[] b = bytes(last, length);
    int[] out = new int[2 * length];
    for (int i = 0; i < length; i++) {
      out[2 * i] = a[i] & 0xFF;
      out[2 * i + 1] = b[i] & 0xFF;
    }
    all.add(out);
  }

  private static byte[] bytes(int c, int length) {
    if (length == 1) {
      return new byte[] {(byte) c};
    }
    byte[] out = new byte[length];
    int rest = c;
    for (int i = length - 1; i > 0; i--) {
      out[i] = (byte) (0x80 | rest & 0x3F);
      rest >>= 6;
    }
    out[0] = (byte) ((0xF00 >> length) & 0xFF | rest);
    return out;
  }
}
