package dev.peft4j.constraint;

import dev.peft4j.transformers.TokenBytes;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.BitSet;
import java.util.Comparator;
import java.util.stream.IntStream;

/**
 * The tokens of a vocabulary in the order of their bytes, so that common beginnings are read once.
 */
final class TokenTable {
  private final byte[][] bytes;
  private final int[] order;

  /** For each place in the order, how many bytes the token shares with the one before it. */
  private final int[] shared;

  private TokenTable(byte[][] bytes) {
    this.bytes = bytes;
    this.order =
        IntStream.range(0, bytes.length)
            .filter(id -> bytes[id].length > 0)
            .boxed()
            .sorted(Comparator.comparing(id -> bytes[id], Arrays::compareUnsigned))
            .mapToInt(id -> id)
            .toArray();
    this.shared = new int[order.length];
    for (int i = 1; i < order.length; i++) {
      byte[] a = bytes[order[i - 1]];
      byte[] b = bytes[order[i]];
      int common = Arrays.mismatch(a, b);
      shared[i] = common < 0 ? a.length : common;
    }
  }

  static TokenTable of(TokenBytes tokens, boolean first) {
    byte[][] all = new byte[tokens.size()][];
    Arrays.setAll(all, id -> first ? tokens.ofFirst(id) : tokens.of(id));
    if (!bytesAreComplete(all)) { // a part of a character could not be completed
      for (int id = 0; id < all.length; id++) {
        if (!isText(all[id])) {
          all[id] = new byte[0];
        }
      }
    }
    return new TokenTable(all);
  }

  private static boolean bytesAreComplete(byte[][] all) {
    BitSet single = single(all);
    return single.nextClearBit(0x80) > 0xBF && single.nextClearBit(0xC2) > 0xF4;
  }

  private static BitSet single(byte[][] all) {
    BitSet single = new BitSet(256);
    for (byte[] b : all) {
      if (b.length == 1) {
        single.set(b[0] & 0xFF);
      }
    }
    return single;
  }

  private static boolean isText(byte[] b) {
    try {
      StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(b));
      return true;
    } catch (CharacterCodingException e) {
      return false;
    }
  }

  int size() {
    return order.length;
  }

  int token(int place) {
    return order[place];
  }

  byte[] bytesAt(int place) {
    return bytes[order[place]];
  }

  int shared(int place) {
    return shared[place];
  }

  byte[] bytes(int id) {
    return id < bytes.length ? bytes[id] : new byte[0];
  }

  /** Returns the characters that tokens can write one by one. */
  CodePoints writable() {
    if (bytesAreComplete(bytes) && single(bytes).nextClearBit(0) >= 0x80) {
      return CodePoints.ALL;
    }
    CodePoints all =
        bytesAreComplete(bytes) ? CodePoints.range(0x80, CodePoints.MAX) : CodePoints.NONE;
    for (byte[] b : bytes) {
      String s =
          b.length > 0 && b.length <= 4 && isText(b) ? new String(b, StandardCharsets.UTF_8) : "";
      if (!s.isEmpty() && s.codePointCount(0, s.length()) == 1) {
        all = all.or(CodePoints.of(s.codePointAt(0)));
      }
    }
    return all;
  }

  /**
   * Returns the length of the longest token with which a text begins, from {@code at}; 0 if there
   * is none.
   */
  int longest(byte[] text, int at, int end) {
    int low = 0;
    int high = order.length;
    for (int n = 1, best = 0; ; n++) {
      // narrow down to the tokens that begin with the first n bytes
      if (at + n > end) {
        return best;
      }
      int from = at;
      int to = at + n;
      low = lowerBound(text, from, to, low, high, false);
      high = lowerBound(text, from, to, low, high, true);
      if (low == high) {
        return best;
      }
      if (bytesAt(low).length == n) {
        best = n;
      }
    }
  }

  /** The first place whose token, cut to the length, is not before the text, or is behind it. */
  private int lowerBound(byte[] text, int from, int to, int low, int high, boolean behind) {
    int a = low;
    int b = high;
    while (a < b) {
      int middle = (a + b) >>> 1;
      byte[] t = bytesAt(middle);
      int c = Arrays.compareUnsigned(t, 0, Math.min(t.length, to - from), text, from, to);
      if (behind ? c <= 0 : c < 0) {
        a = middle + 1;
      } else {
        b = middle;
      }
    }
    return a;
  }
}
