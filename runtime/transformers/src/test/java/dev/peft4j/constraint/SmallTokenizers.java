package dev.peft4j.constraint;

import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.peft4j.transformers.Tokenizer;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.List;

/** Small tokenizers of each kind whose tokens have texts of their own. */
final class SmallTokenizers {
  private static final JsonMapper JSON = new JsonMapper();
  private static final List<String> WORDS =
      List.of(
          "true", "false", "null", "ab", "abc", "na", "name", "age", "12", "200", "\":", "\",",
          "{\"", "\"}", "},", "[{", "]}", ", ", ": ", "é", "日本", "the", " the", "  ", "\n", "\\n");

  private SmallTokenizers() {}

  /** All bytes, as GPT-2 writes them, and some longer tokens; eos is 0. */
  static Tokenizer bytes() {
    ObjectNode tree = tree();
    ObjectNode vocabulary = model(tree, "BPE");
    vocabulary.put("<eos>", 0);
    int id = 1;
    for (int b = 0; b < 256; b++) {
      vocabulary.put(shown(new byte[] {(byte) b}), id++);
    }
    for (String w : WORDS) {
      String s = shown(w.getBytes(java.nio.charset.StandardCharsets.UTF_8));
      if (!vocabulary.has(s)) {
        vocabulary.put(s, id++);
      }
    }
    vocabulary.put(shown(new byte[] {'a', (byte) 0xC3}), id++); // a part of a character
    vocabulary.put(shown(new byte[] {(byte) 0xA9, '"'}), id);
    tree.putObject("decoder").put("type", "ByteLevel");
    return load(tree);
  }

  /** Pieces with a mark for the space, and all bytes; eos is 0. */
  static Tokenizer pieces() {
    ObjectNode tree = tree();
    ObjectNode vocabulary = model(tree, "BPE");
    ((ObjectNode) tree.get("model")).put("byte_fallback", true);
    vocabulary.put("<eos>", 0);
    int id = 1;
    for (int b = 0; b < 256; b++) {
      vocabulary.put(String.format("<0x%02X>", b), id++);
    }
    id = pieces(vocabulary, id);
    ObjectNode decoder = tree.putObject("decoder").put("type", "Sequence");
    var parts = decoder.putArray("decoders");
    parts
        .addObject()
        .put("type", "Replace")
        .put("content", " ")
        .putObject("pattern")
        .put("String", "▁");
    parts.addObject().put("type", "ByteFallback");
    parts.addObject().put("type", "Fuse");
    parts.addObject().put("type", "Strip").put("content", " ").put("start", 1).put("stop", 0);
    return load(tree);
  }

  /** Pieces without bytes: some characters cannot be written; eos is 0. */
  static Tokenizer characters() {
    ObjectNode tree = tree();
    ObjectNode vocabulary = model(tree, "BPE");
    vocabulary.put("<eos>", 0);
    int id = 1;
    for (char c = '!'; c <= '~'; c++) {
      vocabulary.put(String.valueOf(c), id++);
    }
    pieces(vocabulary, id);
    tree.putObject("decoder")
        .put("type", "Metaspace")
        .put("replacement", "▁")
        .put("prepend_scheme", "always");
    return load(tree);
  }

  static List<Tokenizer> all() {
    return List.of(bytes(), pieces(), characters());
  }

  private static int pieces(ObjectNode vocabulary, int first) {
    int id = first;
    vocabulary.put("▁", id++);
    for (String w : WORDS) {
      String s = w.replace(' ', '▁');
      if (!vocabulary.has(s)) {
        vocabulary.put(s, id++);
      }
    }
    return id;
  }

  private static ObjectNode tree() {
    ObjectNode tree = JSON.createObjectNode();
    tree.putArray("added_tokens")
        .addObject()
        .put("id", 0)
        .put("content", "<eos>")
        .put("special", true);
    return tree;
  }

  private static ObjectNode model(ObjectNode tree, String type) {
    ObjectNode model = tree.putObject("model").put("type", type);
    model.putArray("merges");
    return model.putObject("vocab");
  }

  private static String shown(byte[] bytes) {
    StringBuilder s = new StringBuilder();
    for (byte b : bytes) {
      int c = b & 0xFF;
      boolean plain = c >= '!' && c <= '~' || c >= 0xA1 && c <= 0xAC || c >= 0xAE;
      s.append((char) (plain ? c : 256 + place(c)));
    }
    return s.toString();
  }

  /** How many bytes before this one have a sign of their own. */
  private static int place(int c) {
    return c <= 32 ? c : c <= 0xA0 ? c - 127 + 33 : 67;
  }

  private static Tokenizer load(ObjectNode tree) {
    try {
      return Tokenizer.load(
          new ByteArrayInputStream(JSON.writeValueAsBytes(tree)), "small.json", 10_000);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
