package dev.peft4j.transformers;

/**
 * The bytes of UTF-8 that each token of a vocabulary writes. A token may be a part of a character;
 * special tokens write nothing.
 */
public final class TokenBytes {
  private final byte[][] bytes;
  private final byte[][] first;

  TokenBytes(TokenPieces pieces) {
    this.bytes = pieces.bytes(false);
    this.first = pieces.beginsDifferently() ? pieces.bytes(true) : bytes;
  }

  /** Returns the number of tokens. */
  public int size() {
    return bytes.length;
  }

  /** Returns a copy of the bytes of a token that is not the first one; empty for special ones. */
  public byte[] of(int id) {
    return bytes[id].clone();
  }

  /** Returns a copy of the bytes of a token at the beginning of a text. */
  public byte[] ofFirst(int id) {
    return first[id].clone();
  }

  /** Returns whether some token is written in another way at the beginning of a text. */
  public boolean beginsDifferently() {
    return first != bytes;
  }
}
