package dev.peft4j.transformers;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.peft4j.io.FileFormatException;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * The {@code model} of a {@code tokenizer.json}: the vocabulary and the rules for splitting words.
 * Everything that the native library relies on is checked: types, ids, merges, lengths.
 */
final class TokenizerModel {
  private static final int MAX_WORD = 1000;
  private static final int MAX_PIECE = 1000;

  private final JsonPart part;
  private final JsonNode vocabulary;
  private final ObjectNode checked = JsonNodeFactory.instance.objectNode();
  private final WordBoundaries boundaries;
  private int longestToken;

  /** Reads and checks {@code part}; tells {@code boundaries} if the vocabulary prevents cuts. */
  TokenizerModel(JsonPart part, WordBoundaries boundaries) throws FileFormatException {
    this.part = part;
    this.vocabulary = part.get("vocab");
    this.boundaries = boundaries;
    String type = type(part);
    checked.put("type", type);
    switch (type) {
      case "Unigram" -> unigram();
      case "BPE" -> bpe();
      case "WordPiece" -> wordPiece();
      case "WordLevel" -> wordLevel();
      default -> throw part.wrong("type", "BPE, Unigram, WordLevel or WordPiece");
    }
    checked.set("vocab", vocabulary);
  }

  /** Returns the type of the model, which files of older releases do not name. */
  static String type(JsonPart part) throws FileFormatException {
    if (part.has("type")) {
      return part.text("type");
    }
    if (part.get("vocab").isArray()) {
      return "Unigram";
    }
    if (part.has("merges")) {
      return "BPE";
    }
    return part.has("continuing_subword_prefix") || part.has("max_input_chars_per_word")
        ? "WordPiece"
        : "WordLevel";
  }

  /** Returns the model for the native library. */
  ObjectNode checked() {
    return checked;
  }

  /** Returns the number of characters in the longest token. */
  int longestToken() {
    return longestToken;
  }

  /** Returns the number of tokens. */
  int size() {
    return vocabulary.size();
  }

  /** Returns the id of a token; null if there is none. */
  @Nullable Integer id(String token) {
    if (vocabulary instanceof ObjectNode object) {
      JsonNode id = object.get(token);
      return id == null ? null : id.intValue();
    }
    for (int i = vocabulary.size() - 1; i >= 0; i--) {
      if (vocabulary.get(i).get(0).textValue().equals(token)) {
        return i;
      }
    }
    return null;
  }

  private void unigram() throws FileFormatException {
    if (!vocabulary.isArray()) {
      throw part.wrong("vocab", "a list of tokens and their scores");
    }
    if (!part.get("unk_id").isIntegralNumber()) {
      throw new FileFormatException(
          part.file(), "has no model.unk_id, the place of the unknown token in model.vocab");
    }
    checked.put("unk_id", part.whole("unk_id", 0, vocabulary.size() - 1));
    checked.put("byte_fallback", part.flag("byte_fallback", false));
    String joint = boundaries.joint();
    for (int i = 0; i < vocabulary.size(); i++) {
      JsonNode entry = vocabulary.get(i);
      JsonNode score = entry.path(1);
      boolean fits =
          entry.isArray()
              && entry.size() == 2
              && entry.path(0).isTextual()
              && score.isNumber()
              && Double.isFinite(score.doubleValue());
      if (!fits) {
        throw part.error("vocab[" + i + "]", "is not a token with its score, a finite number");
      }
      String token = part.requireWhole("vocab[" + i + "]", entry.path(0).textValue());
      if (token.length() > MAX_PIECE) {
        throw part.error("vocab[" + i + "]", "has more than " + MAX_PIECE + " characters");
      }
      token(token, joint);
    }
  }

  private void token(String token, @Nullable String joint) {
    longestToken = Math.max(longestToken, token.length());
    if (joint == null) {
      return;
    }
    int at = joint.isEmpty() ? 0 : token.indexOf(joint);
    while (at >= 0 && !joint.isEmpty()) {
      if (at > 0 && Character.isLetter(token.codePointBefore(at))) {
        boundaries.none();
        return;
      }
      at = token.indexOf(joint, at + 1);
    }
    if (joint.isEmpty()) {
      boundaries.none(); // nothing is known to keep words apart
    }
  }

  /** Returns the tokens with their ids, including the unknown token. */
  private ObjectNode vocabulary(@Nullable String unknown) throws FileFormatException {
    if (!(vocabulary instanceof ObjectNode object)) {
      throw part.wrong("vocab", "an object with an id for each token");
    }
    String joint = boundaries.joint();
    for (Map.Entry<String, JsonNode> e : object.properties()) {
      JsonNode id = e.getValue();
      if (!id.isIntegralNumber() || !id.canConvertToInt() || id.intValue() < 0) {
        throw part.error(
            "vocab",
            "gives '"
                + JsonPart.shortened(e.getKey())
                + "' the id "
                + JsonPart.shortened(id)
                + ", expected a whole number from 0");
      }
      token(part.requireWhole("vocab", e.getKey()), joint);
    }
    if (unknown != null && !object.has(unknown)) {
      throw new FileFormatException(
          part.file(),
          "has the unknown token '"
              + JsonPart.shortened(unknown)
              + "' (model.unk_token), which is not in model.vocab");
    }
    return object;
  }

  private String unknown(String missing) throws FileFormatException {
    String token = part.textOrNull("unk_token");
    return token == null ? missing : token;
  }

  private void wordLevel() throws FileFormatException {
    String unknown = unknown("<unk>");
    vocabulary(unknown);
    checked.put("unk_token", unknown);
  }

  private void wordPiece() throws FileFormatException {
    String unknown = unknown("[UNK]");
    vocabulary(unknown);
    String prefix = part.textOrNull("continuing_subword_prefix");
    checked.put("unk_token", unknown);
    checked.put("continuing_subword_prefix", requireShort("##", prefix));
    checked.put(
        "max_input_chars_per_word", part.whole("max_input_chars_per_word", 0, MAX_WORD, 100));
    if (boundaries.joint() != null) {
      boundaries.none();
    }
  }

  private String requireShort(String missing, @Nullable String affix) throws FileFormatException {
    if (affix != null && affix.length() > 100) {
      throw part.error("continuing_subword_prefix", "has more than 100 characters");
    }
    return affix == null ? missing : affix;
  }

  private void bpe() throws FileFormatException {
    String unknown = part.textOrNull("unk_token");
    ObjectNode ids = vocabulary(unknown);
    JsonNode dropout = part.get("dropout");
    if (part.has("dropout")) {
      double p = dropout.isNumber() ? dropout.doubleValue() : -1;
      if (!(p >= 0 && p <= 1)) {
        throw part.wrong("dropout", "a number from 0 to 1, or null");
      }
      if (p > 0) {
        boundaries.none();
      }
      checked.put("dropout", p);
    }
    checked.put("unk_token", unknown);
    String prefix = part.textOrNull("continuing_subword_prefix");
    String suffix = part.textOrNull("end_of_word_suffix");
    requireShort("", prefix);
    if (suffix != null && suffix.length() > 100) {
      throw part.error("end_of_word_suffix", "has more than 100 characters");
    }
    if (boundaries.joint() != null && !isEmpty(prefix, suffix)) {
      boundaries.none();
    }
    checked.put("continuing_subword_prefix", prefix);
    checked.put("end_of_word_suffix", suffix);
    for (String flag : new String[] {"fuse_unk", "byte_fallback", "ignore_merges"}) {
      checked.put(flag, part.flag(flag, false));
    }
    merges(ids, prefix == null ? 0 : prefix.getBytes(StandardCharsets.UTF_8).length);
  }

  private static boolean isEmpty(@Nullable String prefix, @Nullable String suffix) {
    return (prefix == null || prefix.isEmpty()) && (suffix == null || suffix.isEmpty());
  }

  /**
   * Checks that each merge joins two tokens of the vocabulary to a third one, without the prefix.
   */
  private void merges(ObjectNode ids, int prefix) throws FileFormatException {
    JsonNode merges = part.get("merges");
    if (!merges.isArray()) {
      throw part.wrong("merges", "a list of pairs of tokens");
    }
    boolean texts = !merges.isEmpty() && merges.get(0).isTextual();
    for (int i = 0; i < merges.size(); i++) {
      JsonNode merge = merges.get(i);
      String first = merge.path(0).isTextual() ? merge.path(0).textValue() : null;
      String second = merge.path(1).isTextual() ? merge.path(1).textValue() : null;
      boolean fits = !texts && merge.isArray() && merge.size() == 2;
      if (texts && merge.isTextual()) {
        String both = merge.textValue();
        int space = both.indexOf(' ');
        fits = space >= 0 && both.indexOf(' ', space + 1) < 0;
        if (fits) {
          first = both.substring(0, space);
          second = both.substring(space + 1);
        }
      }
      if (!fits || first == null || second == null) {
        throw part.error("merges[" + i + "]", "is not a pair of tokens");
      }
      String joined = joined(first, second, prefix);
      String absent =
          !ids.has(first)
              ? first
              : !ids.has(second) ? second : joined == null || !ids.has(joined) ? joined : "";
      if (absent == null) {
        throw part.error(
            "merges[" + i + "]",
            "has the second part '"
                + JsonPart.shortened(second)
                + "', which does not begin with continuing_subword_prefix");
      }
      if (!absent.isEmpty() || joined == null || joined.isEmpty()) {
        throw part.error(
            "merges[" + i + "]",
            "has or gives '" + JsonPart.shortened(absent) + "', which is not in model.vocab");
      }
    }
    checked.set("merges", merges);
  }

  /** Returns the two tokens as one; null if the second one is shorter than the prefix in bytes. */
  private static @Nullable String joined(String first, String second, int prefix) {
    if (prefix == 0) {
      return first + second;
    }
    byte[] bytes = second.getBytes(StandardCharsets.UTF_8);
    boolean inside =
        prefix == bytes.length || prefix < bytes.length && (bytes[prefix] & 0xc0) != 0x80;
    return inside
        ? first + new String(bytes, prefix, bytes.length - prefix, StandardCharsets.UTF_8)
        : null;
  }
}
