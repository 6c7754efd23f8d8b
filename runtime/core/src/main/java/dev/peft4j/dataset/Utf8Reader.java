package dev.peft4j.dataset;

import java.io.IOException;
import java.io.InputStream;
import java.io.Reader;
import java.nio.ByteBuffer;
import java.nio.CharBuffer;
import java.nio.charset.CharsetDecoder;
import java.nio.charset.CoderResult;
import java.nio.charset.MalformedInputException;
import java.nio.charset.StandardCharsets;

/** A reader of UTF-8 text that knows the line of an invalid byte. */
final class Utf8Reader extends Reader {
  private static final int CHUNK = 1 << 13;

  private final InputStream in;
  private final CharsetDecoder decoder = StandardCharsets.UTF_8.newDecoder();
  private final ByteBuffer bytes = ByteBuffer.allocate(CHUNK).flip();
  private boolean ended;
  private int line = 1;
  private boolean afterReturn;

  Utf8Reader(InputStream in) {
    this.in = in;
  }

  /** Returns the line of the next character, from 1. */
  int line() {
    return line;
  }

  /**
   * Reads characters.
   *
   * @throws MalformedInputException at bytes that are not UTF-8; {@link #line} returns their line
   */
  @Override
  public int read(char[] to, int offset, int length) throws IOException {
    if (length < 2) {
      throw new IllegalArgumentException("a character may be two chars; buffer this reader");
    }
    CharBuffer chars = CharBuffer.wrap(to, offset, length);
    int start = chars.position();
    while (true) {
      CoderResult result = decoder.decode(bytes, chars, ended);
      int found = chars.position() - start;
      if (found > 0) {
        count(to, offset, found);
        return found;
      }
      if (result.isError()) {
        throw new MalformedInputException(result.length());
      }
      if (ended) {
        return -1;
      }
      fill();
    }
  }

  private void fill() throws IOException {
    bytes.compact();
    int n = in.read(bytes.array(), bytes.position(), bytes.remaining());
    ended = n < 0;
    bytes.position(bytes.position() + Math.max(n, 0)).flip();
  }

  private void count(char[] chars, int from, int length) {
    for (int i = from; i < from + length; i++) {
      line += chars[i] == '\r' || chars[i] == '\n' && !afterReturn ? 1 : 0;
      afterReturn = chars[i] == '\r';
    }
  }

  @Override
  public void close() throws IOException {
    in.close();
  }
}
