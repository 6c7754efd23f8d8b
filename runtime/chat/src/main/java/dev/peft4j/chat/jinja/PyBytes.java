package dev.peft4j.chat.jinja;

/** Bytes: all that a template can do with them is to print them and to turn them back into text. */
final class PyBytes {
  final byte[] bytes;

  PyBytes(byte[] bytes) {
    this.bytes = bytes;
  }
}
