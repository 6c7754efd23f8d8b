package dev.peft4j.gguf;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.charset.StandardCharsets;
import java.util.AbstractList;
import java.util.RandomAccess;

/**
 * Texts of an array as they are in a mapped file; each is decoded when it is asked for. A model has
 * a hundred thousand of them, which nobody needs but its tokenizer.
 */
final class TextList extends AbstractList<String> implements RandomAccess {
  /** Bytes of the length before each text. */
  static final int LENGTH_BYTES = 8;

  private final MemorySegment bytes;
  private final long[] starts;

  /**
   * Creates a list.
   *
   * @param starts where each text begins, behind its length, and where one after the last would
   */
  TextList(MemorySegment bytes, long[] starts) {
    this.bytes = bytes;
    this.starts = starts;
  }

  @Override
  public int size() {
    return starts.length - 1;
  }

  @Override
  public String get(int i) {
    int length = (int) (starts[i + 1] - LENGTH_BYTES - starts[i]);
    byte[] text = new byte[length];
    MemorySegment.copy(bytes, ValueLayout.JAVA_BYTE, starts[i], text, 0, length);
    return new String(text, StandardCharsets.UTF_8);
  }
}
