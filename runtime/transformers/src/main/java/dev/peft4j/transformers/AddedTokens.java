package dev.peft4j.transformers;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.peft4j.io.FileFormatException;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/** Tokens besides the vocabulary's that are found in texts literally, in their order. */
final class AddedTokens {
  /** The tokens that transformers knows by name, in its order. */
  static final String[] NAMES = {
    "bos_token", "eos_token", "unk_token", "sep_token", "pad_token", "cls_token", "mask_token"
  };

  /**
   * An added token: transformers' {@code AddedToken}.
   *
   * @param content its text
   * @param normalized whether it is searched in the normalized text
   */
  record Token(
      String content,
      boolean singleWord,
      boolean lstrip,
      boolean rstrip,
      boolean normalized,
      boolean special) {
    static Token special(String content) {
      return new Token(content, false, false, false, false, true);
    }

    /** Returns a token written as an object. */
    static Token read(JsonPart part, @Nullable Boolean special) throws FileFormatException {
      boolean s = special == null ? part.flag("special", false) : special;
      return new Token(
          part.text("content"),
          part.flag("single_word", false),
          part.flag("lstrip", false),
          part.flag("rstrip", false),
          part.flag("normalized", !s),
          s);
    }

    /** Returns a named token of a configuration: a text, an object or null. */
    static @Nullable Token named(JsonPart part, String key) throws FileFormatException {
      if (!part.has(key)) {
        return null;
      }
      JsonPart object = part.get(key).isObject() ? part.object(key) : null;
      return object == null ? special(part.text(key)) : read(object, true);
    }
  }

  private final Map<String, Token> tokens = new LinkedHashMap<>();

  /** Adds a token; one of the same text keeps its place and gets these settings. */
  void put(Token token) {
    tokens.put(token.content, token);
  }

  /** Adds a token unless there is one of the same text. */
  void putIfAbsent(Token token) {
    tokens.putIfAbsent(token.content, token);
  }

  @Nullable Token get(String content) {
    return tokens.get(content);
  }

  /** Adds tokens in the order of their ids. */
  void putAll(TreeMap<Integer, Token> byId) {
    byId.values().forEach(this::put);
  }

  /** Returns the tokens as they are in a {@code tokenizer.json}. */
  ArrayNode json() {
    ArrayNode out = JsonNodeFactory.instance.arrayNode();
    for (Token t : tokens.values()) {
      out.addObject()
          .put("id", out.size() - 1)
          .put("content", t.content)
          .put("single_word", t.singleWord)
          .put("lstrip", t.lstrip)
          .put("rstrip", t.rstrip)
          .put("normalized", t.normalized)
          .put("special", t.special);
    }
    return out;
  }

  /** Returns the {@code added_tokens_decoder} of a configuration. */
  static TreeMap<Integer, Token> decoder(JsonPart config) throws FileFormatException {
    TreeMap<Integer, Token> out = new TreeMap<>();
    JsonPart decoder = config.object("added_tokens_decoder");
    if (decoder != null) {
      for (String id : decoder.tree().properties().stream().map(Map.Entry::getKey).toList()) {
        if (!id.matches("[0-9]{1,9}")) {
          throw config.error(
              "added_tokens_decoder",
              "has the key '" + JsonPart.shortened(id) + "', expected the id of a token");
        }
        out.put(Integer.parseInt(id), Token.read(decoder.required(id), null));
      }
    }
    return out;
  }

  /** Returns the tokens of a {@code tokenizer.json}, by their ids. */
  static TreeMap<Integer, Token> ofFile(JsonPart file) throws FileFormatException {
    TreeMap<Integer, Token> out = new TreeMap<>();
    if (file.has("added_tokens")) {
      for (JsonPart token : file.objects("added_tokens")) {
        out.put(token.whole("id", 0, Integer.MAX_VALUE), Token.read(token, null));
      }
    }
    return out;
  }

  /** Returns ids by tokens, as in {@code added_tokens.json} and {@code vocab.json}. */
  static Map<String, Integer> ids(JsonPart file) throws FileFormatException {
    Map<String, Integer> out = new LinkedHashMap<>();
    for (Map.Entry<String, JsonNode> e : file.tree().properties()) {
      out.put(e.getKey(), file.whole(e.getKey(), 0, Integer.MAX_VALUE));
    }
    return out;
  }

  /**
   * Returns a copy of {@code config} with the tokens of an older {@code special_tokens_map.json}.
   */
  static JsonPart withSpecialTokens(JsonPart config, @Nullable JsonPart map) {
    if (map == null) {
      return config;
    }
    ObjectNode merged = config.tree().deepCopy();
    merged.setAll(map.tree());
    return new JsonPart(merged, config.path(), config.file());
  }
}
