package dev.peft4j.transformers;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayDeque;
import java.util.Base64;
import java.util.BitSet;

/**
 * The table of a {@code Precompiled} normalizer (SentencePiece's {@code precompiled_charsmap}): a
 * double-array trie of texts, and what replaces them. The native library follows it without bounds
 * checks, so every path through it is checked here first.
 */
final class Charsmap {
  private static final int MAX_REPLACEMENT = 256;

  private final int[] units;
  private final byte[] replacements;
  private int longest;

  private Charsmap(int[] units, byte[] replacements) {
    this.units = units;
    this.replacements = replacements;
  }

  /**
   * Reads and checks a table.
   *
   * @throws IllegalArgumentException if it is not valid, with the reason
   */
  static Charsmap of(String base64) {
    byte[] bytes;
    try {
      bytes = Base64.getDecoder().decode(base64);
    } catch (IllegalArgumentException e) {
      throw new IllegalArgumentException("it is not Base64", e);
    }
    ByteBuffer in = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
    int size = bytes.length < 4 ? -1 : in.getInt();
    if (size < 4 || size % 4 != 0 || size > in.remaining()) {
      throw new IllegalArgumentException(
          "its table has a size of " + size + " bytes, which does not fit into it");
    }
    int[] units = new int[size / 4];
    in.asIntBuffer().get(units);
    byte[] replacements = new byte[bytes.length - 4 - size];
    System.arraycopy(bytes, 4 + size, replacements, 0, replacements.length);
    try {
      StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(replacements));
    } catch (CharacterCodingException e) {
      throw new IllegalArgumentException("its replacements are not UTF-8", e);
    }
    Charsmap map = new Charsmap(units, replacements);
    map.check();
    return map;
  }

  /** Returns the same table in Base64 as every decoder accepts it. */
  String base64() {
    ByteBuffer out =
        ByteBuffer.allocate(4 + 4 * units.length + replacements.length)
            .order(ByteOrder.LITTLE_ENDIAN);
    out.putInt(4 * units.length);
    for (int unit : units) {
      out.putInt(unit);
    }
    return Base64.getEncoder().encodeToString(out.put(replacements).array());
  }

  /** Returns the number of bytes in the longest replacement. */
  int longest() {
    return longest;
  }

  /**
   * Returns whether it leaves a space as it is, and ASCII letters as they are or as other ASCII
   * letters.
   */
  boolean keepsWords() {
    if (replacement(' ') >= 0 && !isSingle(replacement(' '), false)) {
      return false;
    }
    for (char c = 'A'; c <= 'z'; c++) {
      if (Character.isLetter(c) && replacement(c) >= 0 && !isSingle(replacement(c), true)) {
        return false;
      }
    }
    return true;
  }

  private boolean isSingle(int from, boolean letter) {
    boolean one = from + 1 < replacements.length && replacements[from + 1] == 0;
    return one && (letter ? Character.isLetter(replacements[from]) : replacements[from] == ' ');
  }

  /** Returns where the replacement of one ASCII character begins; negative if it has none. */
  private int replacement(char c) {
    int at = offset(units[0]) ^ c;
    if (at >= units.length || label(units[at]) != c || !hasLeaf(units[at])) {
      return -1;
    }
    return value(units[at ^ offset(units[at])]);
  }

  /** Visits every node that a text can reach. */
  private void check() {
    BitSet seen = new BitSet();
    ArrayDeque<Integer> open = new ArrayDeque<>();
    int root = offset(units[0]);
    seen.set(root);
    open.add(root);
    while (!open.isEmpty()) {
      int node = open.remove();
      if ((long) (node | 0xff) >= units.length) {
        throw new IllegalArgumentException("its table leads out of itself");
      }
      for (int c = 1; c < 256; c++) {
        int unit = units[node ^ c];
        if (label(unit) != c) {
          continue;
        }
        int next = node ^ c ^ offset(unit);
        if (next < 0 || next >= units.length) {
          throw new IllegalArgumentException("its table leads out of itself");
        }
        if (hasLeaf(unit)) {
          requireReplacement(value(units[next]));
        }
        if (!seen.get(next)) {
          seen.set(next);
          open.add(next);
        }
      }
    }
  }

  private void requireReplacement(int from) {
    boolean inside = from >= 0 && from <= replacements.length;
    if (!inside || from < replacements.length && (replacements[from] & 0xc0) == 0x80) {
      throw new IllegalArgumentException("its table names a replacement that is not there");
    }
    int to = from;
    while (to < replacements.length && replacements[to] != 0) {
      to++;
      if (to - from > MAX_REPLACEMENT) {
        throw new IllegalArgumentException(
            "it replaces a text by more than " + MAX_REPLACEMENT + " bytes");
      }
    }
    longest = Math.max(longest, to - from);
  }

  private static int label(int unit) {
    return unit & (1 << 31 | 0xff);
  }

  private static boolean hasLeaf(int unit) {
    return (unit >>> 8 & 1) == 1;
  }

  private static int value(int unit) {
    return unit & Integer.MAX_VALUE;
  }

  private static int offset(int unit) {
    return unit >>> 10 << ((unit & 1 << 9) >>> 6);
  }
}
