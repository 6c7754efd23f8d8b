package dev.peft4j.transformers;

import com.fasterxml.jackson.databind.JsonNode;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/** The vocabulary as it stands in the file, in little memory, and how its decoder joins it. */
final class TokenPieces {
  private final byte[] text;
  private final int[] ends;
  private final List<JsonNode> decoders;
  private final Set<Integer> special;

  /**
   * Keeps a vocabulary.
   *
   * @param pieces by their ids
   * @param decoders the parts of the decoder, in order
   * @param special the ids that are left out of texts
   */
  TokenPieces(TreeMap<Integer, String> pieces, List<JsonNode> decoders, Set<Integer> special) {
    this.decoders = decoders;
    this.special = special;
    int size = pieces.isEmpty() ? 0 : pieces.lastKey() + 1;
    this.ends = new int[size];
    byte[] all = new byte[8 * size];
    int n = 0;
    int id = 0;
    for (Map.Entry<Integer, String> e : pieces.entrySet()) {
      Arrays.fill(ends, id, e.getKey(), n);
      byte[] b = e.getValue().getBytes(StandardCharsets.UTF_8);
      if (n + b.length > all.length) {
        all = Arrays.copyOf(all, Math.max(2 * all.length, n + b.length));
      }
      System.arraycopy(b, 0, all, n, b.length);
      n += b.length;
      ends[e.getKey()] = n;
      id = e.getKey() + 1;
    }
    this.text = Arrays.copyOf(all, n);
  }

  private String piece(int id) {
    int from = id == 0 ? 0 : ends[id - 1];
    return new String(text, from, ends[id] - from, StandardCharsets.UTF_8);
  }

  /**
   * Returns the bytes of each token in a text; none for those that are not written.
   *
   * @param first whether the token is the first one of the text
   * @throws UnsupportedOperationException if the decoder's result for a token depends on others
   */
  byte[][] bytes(boolean first) {
    byte[][] all = new byte[ends.length][];
    for (int id = 0; id < all.length; id++) {
      all[id] = special.contains(id) ? new byte[0] : bytes(piece(id), first);
    }
    return all;
  }

  /** Returns whether the first token of a text is written in another way than the others. */
  boolean beginsDifferently() {
    for (JsonNode d : decoders) {
      String type = d.path("type").asText();
      if (type.equals("Metaspace") || type.equals("Strip")) {
        return true;
      }
    }
    return false;
  }

  private byte[] bytes(String piece, boolean first) {
    String s = piece;
    boolean fused = false;
    for (JsonNode d : decoders) {
      switch (d.path("type").asText()) {
        case "Replace" -> {
          String from = d.path("pattern").path("String").asText("");
          if (from.isEmpty()) {
            throw unsupported("a Replace of a regular expression");
          }
          s = s.replace(from, d.path("content").asText());
        }
        case "ByteFallback" -> {
          Integer b = fallback(s);
          if (b != null && b >= 0x80) {
            return new byte[] {b.byteValue()};
          }
          s = b == null ? s : Character.toString(b);
        }
        case "Fuse" -> fused = true;
        case "Strip" -> {
          int start = d.path("start").asInt();
          String content = d.path("content").asText();
          for (int i = 0; i < start && (first || !fused) && s.startsWith(content); i++) {
            s = s.substring(content.length());
          }
        }
        case "Metaspace" -> {
          boolean drops = first && !d.path("prepend_scheme").asText("always").equals("never");
          s = s.replace(d.path("replacement").asText("▁"), drops ? "" : " ");
        }
        case "ByteLevel" -> {
          byte[] b = ByteChars.bytes(s);
          return b == null ? s.getBytes(StandardCharsets.UTF_8) : b;
        }
        default -> throw unsupported(d.path("type").asText());
      }
    }
    if (decoders.isEmpty()) {
      throw unsupported("none, which puts spaces between tokens");
    }
    return s.getBytes(StandardCharsets.UTF_8);
  }

  private static @Nullable Integer fallback(String s) {
    if (s.length() == 6 && s.startsWith("<0x") && s.endsWith(">")) {
      try {
        return Integer.parseInt(s.substring(3, 5), 16);
      } catch (NumberFormatException e) {
        return null;
      }
    }
    return null;
  }

  private static UnsupportedOperationException unsupported(String what) {
    return new UnsupportedOperationException(
        "the text of a token alone is known with decoders of bytes (ByteLevel) and of sentencepiece"
            + " (Metaspace, Replace, ByteFallback, Fuse, Strip), and this tokenizer's is "
            + what);
  }

  /** The characters that stand for bytes in vocabularies of bytes. */
  private static final class ByteChars {
    private static final int[] BYTES = table();

    private static int[] table() {
      int[] bytes = new int[324];
      Arrays.fill(bytes, -1);
      Set<Integer> shown = new HashSet<>();
      for (int[] range : new int[][] {{'!', '~'}, {0xA1, 0xAC}, {0xAE, 0xFF}}) {
        for (int b = range[0]; b <= range[1]; b++) {
          bytes[b] = b;
          shown.add(b);
        }
      }
      int next = 256;
      for (int b = 0; b < 256; b++) {
        if (!shown.contains(b)) {
          bytes[next++] = b;
        }
      }
      return bytes;
    }

    static byte @Nullable [] bytes(String s) {
      byte[] out = new byte[s.length()];
      for (int i = 0; i < out.length; i++) {
        char c = s.charAt(i);
        if (c >= BYTES.length || BYTES[c] < 0) {
          return null;
        }
        out[i] = (byte) BYTES[c];
      }
      return out;
    }
  }

  /** Returns the parts of a decoder that is read already. */
  static List<JsonNode> parts(JsonNode decoders) {
    List<JsonNode> all = new ArrayList<>();
    decoders.forEach(all::add);
    return List.copyOf(all);
  }
}
