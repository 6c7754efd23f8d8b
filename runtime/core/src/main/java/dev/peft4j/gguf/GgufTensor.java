package dev.peft4j.gguf;

import dev.peft4j.data.Encoding;
import dev.peft4j.data.Shape;

/**
 * The entry of a tensor in a file's header.
 *
 * @param name its name
 * @param shape its shape, rows last: the reverse of the file's dimensions
 * @param encoding how its numbers are stored
 * @param offset where its data begins, counted from the first byte of the file's data
 */
public record GgufTensor(String name, Shape shape, Encoding encoding, long offset) {
  /** Returns the bytes of its data. */
  public long bytes() {
    return encoding.bytes(shape.elements());
  }
}
