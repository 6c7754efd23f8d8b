package dev.peft4j.transformers;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.StreamReadConstraints;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.peft4j.io.FileFormatException;
import dev.peft4j.io.JsonProblem;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Collections;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * A {@code tokenizer.json}, checked. The native library ends the process if a file is not as it
 * expects, so it never gets one: it gets the text that is written here, after everything has been
 * checked. The parts and their settings are those of release 0.21 of Hugging Face tokenizers;
 * anything else is refused by name.
 */
final class TokenizerFile {
  private static final JsonMapper JSON =
      JsonMapper.builder(
              JsonFactory.builder()
                  .disable(JsonFactory.Feature.CANONICALIZE_FIELD_NAMES)
                  .disable(JsonFactory.Feature.INTERN_FIELD_NAMES)
                  .streamReadConstraints(
                      StreamReadConstraints.builder().maxNestingDepth(300).build())
                  .build())
          .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
          .build();

  private static final List<String> PAD_TOKENS = List.of("[PAD]", "<pad>");
  private static final String[] ADDED_FLAGS = {"single_word", "lstrip", "rstrip"};

  /** The library's time grows with the square of their number. */
  private static final int MAX_ADDED_TOKENS = 20_000;

  private static final int MAX_ADDED_TOKEN_LENGTH = 10_000;

  private final JsonPart file;
  private final WordBoundaries boundaries = new WordBoundaries();
  private final TokenizerParts normalizers;
  private final TokenizerParts preTokenizers;
  private final TokenizerParts decoders;
  private final TokenizerModel model;
  private final SpecialTokens specialTokens;
  private final Map<String, Integer> added = new LinkedHashMap<>();
  private final ArrayNode addedTokens = JsonNodeFactory.instance.arrayNode();
  private final boolean anyNormalized;
  private int longestToken;
  private int nextId = -1;

  private TokenizerFile(JsonPart file) throws FileFormatException {
    this.file = file;
    if (!file.get("model").isObject()) {
      throw new FileFormatException(file.file(), "holds no tokenizer: it has no object \"model\"");
    }
    if (file.has("version") && !file.text("version").equals("1.0")) {
      throw file.wrong("version", "\"1.0\"");
    }
    normalizers = TokenizerParts.normalizers(file.object("normalizer"), boundaries);
    preTokenizers = TokenizerParts.preTokenizers(file.object("pre_tokenizer"), boundaries);
    decoders = TokenizerParts.decoders(file.object("decoder"));
    model = new TokenizerModel(file.required("model"), boundaries);
    longestToken = model.longestToken();
    specialTokens = SpecialTokens.read(file.object("post_processor"));
    anyNormalized = addedTokens();
  }

  /**
   * Returns the object in the bytes of a file.
   *
   * @throws FileFormatException if they are not an object
   */
  static ObjectNode parse(byte[] json, Path file) throws FileFormatException {
    JsonNode tree;
    try {
      tree = JSON.readTree(json);
    } catch (JsonProcessingException e) {
      String where = e.getLocation() == null ? "" : " at line " + e.getLocation().getLineNr();
      throw new FileFormatException(
          file, "is not valid JSON" + where + ": " + JsonProblem.reason(e), e);
    } catch (IOException e) {
      throw new FileFormatException(file, "is not UTF-8 text", e);
    }
    if (tree instanceof ObjectNode object) {
      return object;
    }
    throw new FileFormatException(
        file,
        json.length == 0
            ? "is empty, expected a tokenizer of Hugging Face in JSON"
            : "holds no tokenizer: it has no object \"model\"");
  }

  /**
   * Checks a tokenizer.
   *
   * @param tree the content of the file
   * @param file for messages
   * @throws FileFormatException if something is not valid or not supported
   */
  static TokenizerFile check(ObjectNode tree, Path file) throws FileFormatException {
    return new TokenizerFile(new JsonPart(tree, "", file));
  }

  /** Returns the vocabulary for those who need the tokens' own text. */
  TokenPieces pieces() {
    TreeMap<Integer, String> all = new TreeMap<>();
    JsonNode vocabulary = file.get("model").path("vocab");
    if (vocabulary.isArray()) {
      for (int id = 0; id < vocabulary.size(); id++) {
        all.put(id, vocabulary.get(id).path(0).asText());
      }
    } else {
      vocabulary.properties().forEach(e -> all.put(e.getValue().intValue(), e.getKey()));
    }
    added.forEach((token, id) -> all.put(id, token));
    return new TokenPieces(all, TokenPieces.parts(decoders.list()), special());
  }

  /** Returns the tokens that are single bytes; none if the decoder does not join bytes. */
  Set<Integer> byteTokens() {
    if (!file.get("decoder").toString().contains("\"ByteFallback\"")) {
      return Set.of();
    }
    Set<String> names = new HashSet<>();
    for (int b = 0; b < 256; b++) {
      names.add(String.format("<0x%02X>", b));
    }
    Set<Integer> ids = new HashSet<>();
    JsonNode vocabulary = file.get("model").path("vocab");
    if (vocabulary.isArray()) {
      for (int id = 0; id < vocabulary.size(); id++) {
        if (names.contains(vocabulary.get(id).path(0).asText())) {
          ids.add(id);
        }
      }
    } else {
      for (String name : names) {
        if (vocabulary.has(name)) {
          ids.add(vocabulary.get(name).intValue());
        }
      }
    }
    return Set.copyOf(ids);
  }

  /** Reads the added tokens, and returns whether one is searched in the normalized text. */
  private boolean addedTokens() throws FileFormatException {
    if (!file.has("added_tokens")) {
      return false;
    }
    boolean normalized = false;
    for (JsonPart token : file.objects("added_tokens")) {
      if (added.size() >= MAX_ADDED_TOKENS) {
        throw file.error("added_tokens", "has more than " + MAX_ADDED_TOKENS + " tokens");
      }
      String content = token.text("content");
      if (content.length() > MAX_ADDED_TOKEN_LENGTH) {
        throw token.error("content", "has more than " + MAX_ADDED_TOKEN_LENGTH + " characters");
      }
      int id = token.whole("id", 0, Integer.MAX_VALUE);
      ObjectNode out = addedTokens.addObject().put("id", id).put("content", content);
      for (String flag : ADDED_FLAGS) {
        out.put(flag, token.flag(flag, false));
      }
      boolean special = token.flag("special", false);
      out.put("normalized", token.flag("normalized", !special)).put("special", special);
      normalized |= out.path("normalized").booleanValue();
      longestToken = Math.max(longestToken, content.length());
      if (out.path("lstrip").booleanValue() || out.path("rstrip").booleanValue()) {
        boundaries.strips();
      }
      if (joinsWords(content, out.path("normalized").booleanValue())) {
        boundaries.none();
      }
      if (!content.isEmpty() && !added.containsKey(content)) {
        added.put(content, nextId(content));
      }
    }
    return normalized;
  }

  /**
   * Returns whether white space, or its replacement in normalized text, follows another character.
   */
  private static boolean joinsWords(String content, boolean normalized) {
    for (int i = 1; i < content.length(); i++) {
      if (isWhite(content.charAt(i), normalized) && !isWhite(content.charAt(i - 1), normalized)) {
        return true;
      }
    }
    return false;
  }

  private static boolean isWhite(char c, boolean normalized) {
    return Character.isWhitespace(c) || normalized && c == '▁';
  }

  /** Returns the id that the library gives an added token, independent of the file. */
  private int nextId(String content) {
    Integer known = model.id(content);
    int id = known != null ? known : Math.max(nextId, model.size());
    nextId = Math.max(nextId, id + 1);
    return id;
  }

  /** Returns the text for the native library. */
  String checked() {
    ObjectNode out = withoutTokens(model.checked());
    out.set("added_tokens", addedTokens);
    return out.toString();
  }

  /** Returns the same with other texts of some added tokens. */
  String renamed(Map<String, String> names) {
    ObjectNode out = withoutTokens(model.checked());
    ArrayNode tokens = addedTokens.deepCopy();
    for (JsonNode token : tokens) {
      String content = token.path("content").textValue();
      ((ObjectNode) token).put("content", names.getOrDefault(content, content));
    }
    out.set("added_tokens", tokens);
    return out.toString();
  }

  /** Returns the same normalizers over a vocabulary of bytes: a token is a byte. */
  String probe() {
    ObjectNode bytes = JsonNodeFactory.instance.objectNode().put("type", "BPE");
    bytes.put("byte_fallback", true).putArray("merges");
    ObjectNode vocabulary = bytes.putObject("vocab");
    for (int b = 0; b < 256; b++) {
      vocabulary.put(String.format("<0x%02X>", b), b);
    }
    ObjectNode out = withoutTokens(bytes);
    out.putNull("pre_tokenizer").putArray("added_tokens");
    return out.toString();
  }

  private ObjectNode withoutTokens(ObjectNode vocabulary) {
    ObjectNode out = JsonNodeFactory.instance.objectNode().put("version", "1.0");
    out.putNull("truncation").putNull("padding").putNull("post_processor");
    if (!normalizers.isEmpty()) {
      out.set("normalizer", normalizers.sequence("normalizers"));
    }
    if (!preTokenizers.isEmpty()) {
      out.set("pre_tokenizer", preTokenizers.sequence("pretokenizers"));
    }
    if (file.has("decoder")) {
      out.set("decoder", decoders.sequence("decoders"));
    }
    out.set("model", vocabulary);
    return out;
  }

  /**
   * Returns the added tokens that are searched in the normalized text. A token that is empty after
   * normalization would be found everywhere, and end the process.
   */
  Set<String> normalizedTokens() {
    Set<String> out = new LinkedHashSet<>();
    if (anyNormalized && !normalizers.isEmpty()) {
      for (JsonNode token : addedTokens) {
        if (token.path("normalized").booleanValue()) {
          out.add(token.path("content").textValue());
        }
      }
    }
    out.remove("");
    return out;
  }

  /** Returns whether the texts of tokens side by side are the text of all of them. */
  boolean joins() throws FileFormatException {
    JsonPart decoder = file.object("decoder");
    return decoder != null && decoder.text("type").equals("ByteLevel");
  }

  /** Returns the ids of the special tokens among those that are added. */
  Set<Integer> special() {
    Set<Integer> ids = new LinkedHashSet<>();
    for (JsonNode token : addedTokens) {
      Integer id = added.get(token.path("content").textValue());
      if (id != null && token.path("special").booleanValue()) {
        ids.add(id);
      }
    }
    return ids;
  }

  /** Returns the tokens that are added around texts. */
  SpecialTokens specialTokens() {
    return specialTokens;
  }

  /** Returns where texts may be cut. */
  WordBoundaries boundaries() {
    return boundaries;
  }

  /** Returns the factor by which a text may grow before it is split into tokens. */
  double growth() {
    return normalizers.growth();
  }

  /** Returns the largest number of characters of a decoded token. */
  double decodedLength() {
    return (longestToken + 1.0) * decoders.growth();
  }

  /** Returns whether a pattern backtracks over long texts. */
  boolean retries() {
    return normalizers.retries() || preTokenizers.retries() || decoders.retries();
  }

  /**
   * Returns the id for padding: the file's own, that of a token with that name, or 0. A model
   * ignores it, as the mask is 0 there, but it must be in the vocabulary.
   */
  long padId() throws FileFormatException {
    JsonPart padding = file.object("padding");
    if (padding != null && padding.has("pad_id")) {
      JsonNode id = padding.get("pad_id");
      if (!id.isIntegralNumber() || !id.canConvertToInt() || id.intValue() < 0) {
        throw new FileFormatException(
            file.file(), "has " + id + " as padding.pad_id, expected the id of a token");
      }
      return id.longValue();
    }
    for (String token : PAD_TOKENS) {
      if (added.containsKey(token)) {
        return added.get(token);
      }
    }
    return 0;
  }

  /** Returns the ids of the added tokens. */
  Map<String, Integer> added() {
    return Collections.unmodifiableMap(added);
  }

  /** Returns the id of a token of the vocabulary or of an added one; null if there is none. */
  @Nullable Integer id(String token) {
    Integer id = added.get(token);
    return id == null ? model.id(token) : id;
  }
}
