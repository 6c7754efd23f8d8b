package dev.peft4j.transformers;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.peft4j.io.FileFormatException;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * A chain of a {@code tokenizer.json}: its normalizers, its pre-tokenizers or its decoders. The
 * native library never sees the file's own: each part is checked, and written again with its known
 * settings only, nested sequences as one.
 */
final class TokenizerParts {
  /** The largest factor by which replacements may make a text longer. */
  private static final double MAX_GROWTH = 100;

  private static final int MAX_PARTS = 200;

  /** The bytes of one character in ordinary tables. */
  private static final int USUAL_REPLACEMENT = 36;

  private static final Set<String> PLAIN_NORMALIZERS =
      Set.of("NFC", "NFD", "NFKC", "NFKD", "Lowercase", "Nmt", "StripAccents", "ByteLevel");
  private static final Set<String> PLAIN_PRE_TOKENIZERS =
      Set.of("BertPreTokenizer", "Whitespace", "WhitespaceSplit", "UnicodeScripts");
  private static final Set<String> PLAIN_DECODERS = Set.of("ByteFallback", "Fuse");
  private static final String[] BEHAVIORS = {
    "Removed", "Isolated", "MergedWithPrevious", "MergedWithNext", "Contiguous"
  };

  private final JsonNodeFactory json = JsonNodeFactory.instance;
  private final ArrayNode parts = json.arrayNode();
  private final WordBoundaries boundaries;
  private double growth = 1;
  private boolean retries;

  private TokenizerParts(WordBoundaries boundaries) {
    this.boundaries = boundaries;
  }

  static TokenizerParts normalizers(@Nullable JsonPart part, WordBoundaries boundaries)
      throws FileFormatException {
    TokenizerParts chain = new TokenizerParts(boundaries);
    if (part != null) {
      chain.normalizer(part);
    }
    return chain;
  }

  static TokenizerParts preTokenizers(@Nullable JsonPart part, WordBoundaries boundaries)
      throws FileFormatException {
    TokenizerParts chain = new TokenizerParts(boundaries);
    if (part != null) {
      chain.preTokenizer(part);
    }
    return chain;
  }

  static TokenizerParts decoders(@Nullable JsonPart part) throws FileFormatException {
    TokenizerParts chain = new TokenizerParts(new WordBoundaries());
    if (part != null) {
      chain.decoder(part);
    }
    return chain;
  }

  boolean isEmpty() {
    return parts.isEmpty();
  }

  /** Returns the factor by which the result may be longer than the text. */
  double growth() {
    return growth;
  }

  /** Returns whether a pattern may backtrack over as many characters as a text has. */
  boolean retries() {
    return retries;
  }

  /** Returns the chain for the native library; {@code key} is the name of a sequence's parts. */
  ObjectNode sequence(String key) {
    ObjectNode out = json.objectNode().put("type", "Sequence");
    out.set(key, parts);
    return out;
  }

  private ObjectNode add(String type) {
    return parts.addObject().put("type", type);
  }

  private String type(JsonPart part) throws FileFormatException {
    if (parts.size() >= MAX_PARTS) {
      throw part.error("", "is one of more than " + MAX_PARTS + " parts");
    }
    return part.text("type");
  }

  private void normalizer(JsonPart part) throws FileFormatException {
    String type = type(part);
    if (PLAIN_NORMALIZERS.contains(type)) {
      add(type);
      boundaries.normalized(type);
      return;
    }
    switch (type) {
      case "Sequence" -> {
        for (JsonPart p : part.objects("normalizers")) {
          normalizer(p);
        }
      }
      case "BertNormalizer" -> {
        ObjectNode out = add(type);
        out.put("clean_text", part.flag("clean_text", true));
        boolean ideographs = part.flag("handle_chinese_chars", true);
        out.put("handle_chinese_chars", ideographs);
        if (part.has("strip_accents")) {
          out.put("strip_accents", part.flag("strip_accents"));
        } else {
          out.putNull("strip_accents");
        }
        out.put("lowercase", part.flag("lowercase", true));
        boundaries.normalized(type);
        boundaries.ideographs(ideographs && parts.size() == 1);
      }
      case "Strip" -> {
        add(type)
            .put("strip_left", part.flag("strip_left"))
            .put("strip_right", part.flag("strip_right"));
        boundaries.normalized(type);
      }
      case "Prepend" -> {
        String prepend = part.text("prepend");
        requireShort(part, "prepend", prepend);
        add(type).put("prepend", prepend);
        boundaries.normalized(type);
      }
      case "Precompiled" -> charsmap(part);
      case "Replace" -> replace(part, true);
      default ->
          throw part.wrong(
              "type",
              "BertNormalizer, Strip, Prepend, Precompiled, Replace, Sequence or one of "
                  + PLAIN_NORMALIZERS.stream().sorted().toList());
    }
  }

  private void charsmap(JsonPart part) throws FileFormatException {
    String key = "precompiled_charsmap";
    try {
      Charsmap map = Charsmap.of(part.text(key));
      add("Precompiled").put(key, map.base64());
      grow(part, key, (double) map.longest() / USUAL_REPLACEMENT);
      boundaries.normalized(map.keepsWords() ? "Precompiled" : "Precompiled words");
    } catch (IllegalArgumentException e) {
      throw part.error(key, "is not a table of characters: " + e.getMessage());
    }
  }

  /** Adds a normalizer or a decoder that replaces matches of a pattern. */
  private void replace(JsonPart part, boolean normalizer) throws FileFormatException {
    String content = part.text("content");
    ObjectNode out = add("Replace");
    Pattern pattern = pattern(part, out);
    out.put("content", content);
    int bytes = content.getBytes(StandardCharsets.UTF_8).length;
    grow(part, "content", pattern.shortest == 0 ? 1.0 + bytes : (double) bytes / pattern.shortest);
    if (normalizer) {
      boundaries.replaced(pattern.text, pattern.regex, content);
    }
  }

  private record Pattern(String text, boolean regex, int shortest) {}

  /** Reads {@code part.pattern}, checks it and writes it to {@code out}. */
  private Pattern pattern(JsonPart part, ObjectNode out) throws FileFormatException {
    JsonPart pattern = part.required("pattern");
    boolean regex = pattern.has("Regex");
    if (regex == pattern.has("String")) {
      throw part.error("pattern", "needs one of String and Regex");
    }
    String text = pattern.text(regex ? "Regex" : "String");
    out.putObject("pattern").put(regex ? "Regex" : "String", text);
    if (!regex) {
      requireShort(pattern, "String", text);
      return new Pattern(text, false, text.length());
    }
    try {
      SafePattern safe = SafePattern.of(text);
      retries |= safe.retries();
      return new Pattern(text, true, safe.shortest());
    } catch (IllegalArgumentException e) {
      throw pattern.error(
          "Regex",
          "is '"
              + JsonPart.shortened(text)
              + "', which is not supported as it may take unlimited time: "
              + e.getMessage());
    }
  }

  private static void requireShort(JsonPart part, String key, String text)
      throws FileFormatException {
    if (text.length() > 1000) {
      throw part.error(key, "has more than 1000 characters");
    }
  }

  private void grow(JsonPart part, String key, double factor) throws FileFormatException {
    growth *= Math.max(1, factor);
    if (growth > MAX_GROWTH) {
      throw part.error(
          key,
          String.format(
              "makes a text up to %.0f times as long, more than %.0f is refused",
              growth, MAX_GROWTH));
    }
  }

  private void preTokenizer(JsonPart part) throws FileFormatException {
    String type = type(part);
    if (PLAIN_PRE_TOKENIZERS.contains(type)) {
      add(type);
      boundaries.split(type, null);
      return;
    }
    switch (type) {
      case "Sequence" -> {
        for (JsonPart p : part.objects("pretokenizers")) {
          preTokenizer(p);
        }
      }
      case "ByteLevel" -> {
        boolean regex = part.flag("use_regex", true);
        byteLevel(part).put("use_regex", regex);
        boundaries.split(regex ? "ByteLevel" : "ByteLevel bytes", null);
      }
      case "Metaspace" -> {
        ObjectNode out = metaspace(part);
        boundaries.split(
            out.path("split").booleanValue() ? "Metaspace" : "Metaspace whole",
            out.path("replacement").textValue());
      }
      case "Split" -> {
        ObjectNode out = add(type);
        Pattern pattern = pattern(part, out);
        out.put("behavior", part.oneOf("behavior", null, BEHAVIORS));
        out.put("invert", part.flag("invert", false));
        boundaries.splitBy(pattern.text, pattern.regex, out);
      }
      case "Punctuation" -> {
        add(type).put("behavior", part.oneOf("behavior", "Isolated", BEHAVIORS));
        boundaries.split(type, null);
      }
      case "Digits" -> {
        add(type).put("individual_digits", part.flag("individual_digits", false));
        boundaries.split(type, null);
      }
      case "CharDelimiterSplit" -> {
        add(type).put("delimiter", part.character("delimiter"));
        boundaries.split(type, null);
      }
      case "FixedLength" -> {
        add(type).put("length", part.whole("length", 1, Integer.MAX_VALUE, 5));
        boundaries.split(type, null);
      }
      default ->
          throw part.wrong(
              "type",
              "ByteLevel, Metaspace, Split, Punctuation, Digits, CharDelimiterSplit, FixedLength,"
                  + " Sequence or one of "
                  + PLAIN_PRE_TOKENIZERS.stream().sorted().toList());
    }
  }

  private ObjectNode byteLevel(JsonPart part) throws FileFormatException {
    return add("ByteLevel")
        .put("add_prefix_space", part.flag("add_prefix_space", true))
        .put("trim_offsets", part.flag("trim_offsets", true));
  }

  /** Returns the word marker of SentencePiece; older files use {@code add_prefix_space}. */
  private ObjectNode metaspace(JsonPart part) throws FileFormatException {
    String scheme = part.oneOf("prepend_scheme", "always", "always", "first", "never");
    if (!part.flag("add_prefix_space", true)) {
      if (part.has("prepend_scheme") && !scheme.equals("never")) {
        throw part.wrong("prepend_scheme", "\"never\", as add_prefix_space is false");
      }
      scheme = "never";
    }
    return add("Metaspace")
        .put("replacement", part.character("replacement"))
        .put("prepend_scheme", scheme)
        .put("split", part.flag("split", true));
  }

  private void decoder(JsonPart part) throws FileFormatException {
    String type = type(part);
    if (PLAIN_DECODERS.contains(type)) {
      add(type);
      return;
    }
    switch (type) {
      case "Sequence" -> {
        for (JsonPart p : part.objects("decoders")) {
          decoder(p);
        }
      }
      case "ByteLevel" -> byteLevel(part).put("use_regex", part.flag("use_regex", true));
      case "Metaspace" -> metaspace(part);
      case "Replace" -> replace(part, false);
      case "WordPiece" ->
          add(type)
              .put("prefix", part.has("prefix") ? part.text("prefix") : "##")
              .put("cleanup", part.flag("cleanup", true));
      case "BPEDecoder" -> {
        add(type).put("suffix", part.has("suffix") ? part.text("suffix") : "</w>");
        grow(part, "suffix", 2);
      }
      case "CTC" -> {
        add(type)
            .put("pad_token", part.text("pad_token"))
            .put("word_delimiter_token", part.text("word_delimiter_token"))
            .put("cleanup", part.flag("cleanup", true));
        grow(part, "word_delimiter_token", 2);
      }
      case "Strip" -> {
        // The library reads before the start of a token that is shorter than what it cuts off.
        part.whole("stop", 0, 0);
        add(type)
            .put("content", part.character("content"))
            .put("start", part.whole("start", 0, Integer.MAX_VALUE))
            .put("stop", 0);
      }
      default ->
          throw part.wrong(
              "type",
              "ByteLevel, Metaspace, WordPiece, BPEDecoder, CTC, Replace, Strip, Sequence or one of"
                  + " "
                  + PLAIN_DECODERS.stream().sorted().toList());
    }
  }

  /** Returns the parts as the native library gets them. */
  ArrayNode list() {
    return parts;
  }

  /** Returns the types of the parts, in order. */
  List<String> types() {
    List<String> out = new java.util.ArrayList<>();
    parts.forEach(p -> out.add(p.path("type").textValue()));
    return out;
  }
}
