package dev.peft4j.gguf;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/** Numbers of several bytes in the other byte order. */
final class ByteSwap {
  private ByteSwap() {}

  /**
   * Swaps the bytes of each number of each block.
   *
   * @param fields where the numbers of a block are and how many bytes they have, in pairs
   */
  static void swap(MemorySegment s, int blockBytes, int[] fields) {
    for (long block = 0; block < s.byteSize(); block += blockBytes) {
      for (int f = 0; f < fields.length; f += 2) {
        swap(s, block + fields[f], fields[f + 1]);
      }
    }
  }

  private static void swap(MemorySegment s, long at, int size) {
    for (int i = 0; i < size / 2; i++) {
      byte b = s.get(ValueLayout.JAVA_BYTE, at + i);
      long other = at + size - 1 - i;
      s.set(ValueLayout.JAVA_BYTE, at + i, s.get(ValueLayout.JAVA_BYTE, other));
      s.set(ValueLayout.JAVA_BYTE, other, b);
    }
  }
}
