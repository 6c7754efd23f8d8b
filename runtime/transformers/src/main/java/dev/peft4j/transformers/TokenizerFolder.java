package dev.peft4j.transformers;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.peft4j.io.FileFormatException;
import dev.peft4j.transformers.AddedTokens.Token;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * The tokenizer of a folder, built from its files as in transformers: {@code tokenizer.json} or the
 * vocabulary in {@code vocab.txt} or {@code vocab.json} and {@code merges.txt}, and {@code
 * tokenizer_config.json}.
 */
final class TokenizerFolder {
  static final String FILE = "tokenizer.json";
  private static final String CONFIG = "tokenizer_config.json";
  private static final String WORDS = "vocab.txt";
  private static final String PIECES = "vocab.json";
  private static final String MERGES = "merges.txt";

  private final Path folder;
  private final JsonPart config;
  private final @Nullable JsonPart file;
  private final TokenizerClass kind;
  private final Map<String, Token> named = new HashMap<>();
  private final AddedTokens added = new AddedTokens();
  private final ObjectNode tree;

  private TokenizerFolder(Path folder) throws IOException {
    this.folder = folder;
    this.file = optional(FILE);
    JsonPart given = optional(CONFIG);
    JsonPart settings =
        given == null
            ? new JsonPart(JsonNodeFactory.instance.objectNode(), "", folder.resolve(CONFIG))
            : given;
    boolean decoder = settings.has("added_tokens_decoder");
    this.config =
        decoder
            ? settings
            : AddedTokens.withSpecialTokens(settings, optional("special_tokens_map.json"));
    this.kind = TokenizerClass.of(config, optional("config.json"), vocabularyFile());
    TreeMap<Integer, Token> listed = decoder ? AddedTokens.decoder(config) : older();
    Map<String, Token> byContent = new HashMap<>();
    listed.values().forEach(t -> byContent.put(t.content(), t));
    for (String name : AddedTokens.NAMES) {
      Token token = config.get(name).isMissingNode() ? kind.token(name) : Token.named(config, name);
      if (token != null) {
        named.put(name, byContent.getOrDefault(token.content(), token));
      }
    }
    this.tree =
        file == null ? JsonNodeFactory.instance.objectNode() : (ObjectNode) file.tree().deepCopy();
    if (kind == TokenizerClass.AS_IT_IS && file != null) {
      AddedTokens.ofFile(file).values().forEach(added::put);
      addTokens(listed);
    } else {
      addTokens(listed);
      tree.set("model", kind.model(vocabulary(), merges(), named.get("unk_token")));
      kind.parts(config, tree);
    }
    tree.set("added_tokens", added.json());
  }

  /**
   * Returns the tokenizer of a folder.
   *
   * @throws FileFormatException if it has none, or one of its files is not valid
   */
  static TokenizerFolder read(Path folder) throws IOException {
    return new TokenizerFolder(folder);
  }

  private @Nullable JsonPart optional(String name) throws IOException {
    return optional(folder, name);
  }

  private static @Nullable JsonPart optional(Path folder, String name) throws IOException {
    Path path = folder.resolve(name);
    if (!Files.exists(path)) {
      return null;
    }
    if (!Files.isRegularFile(path)) {
      throw new FileFormatException(path, "is not a file");
    }
    return new JsonPart(TokenizerFile.parse(Files.readAllBytes(path), path), "", path);
  }

  /** Returns the file of the vocabulary. */
  private String vocabularyFile() throws FileFormatException {
    for (String name : new String[] {FILE, WORDS, PIECES}) {
      if (Files.exists(folder.resolve(name))) {
        return name;
      }
    }
    for (String name : new String[] {"sentencepiece.bpe.model", "spiece.model"}) {
      if (Files.exists(folder.resolve(name))) {
        throw new FileFormatException(
            folder.resolve(FILE),
            "does not exist, and "
                + name
                + " alone is not read; load the tokenizer with transformers and save it"
                + " (save_pretrained), which writes a tokenizer.json");
      }
    }
    throw new FileFormatException(
        folder.resolve(FILE),
        "does not exist, and neither does vocab.txt or vocab.json with merges.txt, which would do");
  }

  /** Returns the added tokens in files of releases without {@code added_tokens_decoder}. */
  private TreeMap<Integer, Token> older() throws IOException {
    TreeMap<Integer, Token> out = new TreeMap<>();
    JsonPart ids = optional("added_tokens.json");
    if (ids != null) {
      for (Map.Entry<String, Integer> e : AddedTokens.ids(ids).entrySet()) {
        boolean special = false;
        for (String name : AddedTokens.NAMES) {
          Token token = Token.named(config, name);
          special |= token != null && token.content().equals(e.getKey());
        }
        special |= extra().stream().anyMatch(t -> t.content().equals(e.getKey()));
        out.put(e.getValue(), new Token(e.getKey(), false, false, false, !special, special));
      }
    }
    if (file != null) {
      out.putAll(AddedTokens.ofFile(file));
    }
    return out;
  }

  /** Adds the tokens of the configuration, then the named ones, then other special ones. */
  private void addTokens(TreeMap<Integer, Token> listed) throws FileFormatException {
    added.putAll(listed);
    for (String name : AddedTokens.NAMES) {
      Token token = named.get(name);
      if (token != null) {
        added.putIfAbsent(token);
      }
    }
    for (Map.Entry<String, JsonNode> e : config.tree().properties()) {
      boolean other =
          e.getKey().endsWith("_token") && !List.of(AddedTokens.NAMES).contains(e.getKey());
      if (other && e.getValue().isTextual()) {
        added.putIfAbsent(Token.special(config.text(e.getKey())));
      }
    }
    extra().forEach(added::putIfAbsent);
  }

  private List<Token> extra() throws FileFormatException {
    String key =
        config.has("extra_special_tokens") && !config.get("extra_special_tokens").isEmpty()
            ? "extra_special_tokens"
            : "additional_special_tokens";
    List<Token> out = new ArrayList<>();
    JsonNode value = config.get(key);
    if (!value.isMissingNode() && !value.isNull() && !value.isContainerNode()) {
      throw config.wrong(key, "a list of tokens");
    }
    List<String> keys = new ArrayList<>();
    if (value.isObject()) {
      value.fieldNames().forEachRemaining(keys::add);
    }
    ObjectNode holder = JsonNodeFactory.instance.objectNode();
    int i = 0;
    for (JsonNode item : value) {
      String name = keys.isEmpty() ? key + "[" + i + "]" : key + "." + keys.get(i);
      holder.set(name, item);
      Token token = Token.named(new JsonPart(holder, "", config.file()), name);
      if (token != null) {
        out.add(token);
      }
      i++;
    }
    return out;
  }

  /** Returns ids by tokens; or tokens with their scores, in the order of their ids. */
  private JsonNode vocabulary() throws IOException {
    if (file != null) {
      JsonNode vocabulary = file.required("model").get("vocab");
      if (kind.model() == TokenizerClass.Words.SCORED) {
        return vocabulary;
      }
      if (vocabulary instanceof ObjectNode object) {
        return object;
      }
      ObjectNode out = JsonNodeFactory.instance.objectNode();
      int id = 0;
      for (JsonNode entry : vocabulary) {
        out.put(entry.isArray() ? entry.path(0).asText() : entry.asText(), id++);
      }
      return out;
    }
    Path words = folder.resolve(WORDS);
    if (Files.exists(words)) {
      ObjectNode out = JsonNodeFactory.instance.objectNode();
      int id = 0;
      for (String line : lines(words)) {
        out.put(withoutSpaceAtEnd(line), id++);
      }
      return out;
    }
    JsonPart pieces = optional(PIECES);
    if (pieces == null) {
      throw new FileFormatException(folder.resolve(PIECES), "does not exist");
    }
    return pieces.tree();
  }

  private ArrayNode merges() throws IOException {
    ArrayNode out = JsonNodeFactory.instance.arrayNode();
    if (file != null) {
      JsonNode merges = file.required("model").get("merges");
      return merges instanceof ArrayNode array ? array : out;
    }
    if (kind.model() != TokenizerClass.Words.BYTES) {
      return out;
    }
    Path merges = folder.resolve(MERGES);
    if (!Files.exists(merges)) {
      throw new FileFormatException(merges, "does not exist, but is needed with vocab.json");
    }
    for (String line : lines(merges)) {
      if (!line.startsWith("#version") && !line.isBlank()) {
        out.add(line);
      }
    }
    return out;
  }

  private static List<String> lines(Path file) throws IOException {
    String text;
    try {
      text =
          StandardCharsets.UTF_8
              .newDecoder()
              .decode(ByteBuffer.wrap(Files.readAllBytes(file)))
              .toString();
    } catch (CharacterCodingException e) {
      throw new FileFormatException(file, "is not UTF-8 text", e);
    }
    List<String> out = new ArrayList<>();
    for (int from = 0; from < text.length(); ) {
      int to = text.indexOf('\n', from);
      int end = to < 0 ? text.length() : to;
      out.add(text.substring(from, end > from && text.charAt(end - 1) == '\r' ? end - 1 : end));
      from = end + 1;
    }
    return out;
  }

  private static String withoutSpaceAtEnd(String line) {
    int end = line.length();
    while (end > 0 && isSpace(line.charAt(end - 1))) {
      end--;
    }
    return line.substring(0, end);
  }

  private static boolean isSpace(char c) {
    return c >= '\t' && c <= '\r' || c == 0x85 || Character.isSpaceChar(c);
  }

  /**
   * Returns the tokenizer, checked, with the tokens that its class adds around texts.
   *
   * @throws FileFormatException if something is not valid
   */
  TokenizerFile checked() throws FileFormatException {
    Path path = file == null ? folder.resolve(vocabularyFile()) : file.file();
    if (kind != TokenizerClass.AS_IT_IS) {
      tree.remove("post_processor");
      TokenizerFile without = TokenizerFile.check(tree, path);
      JsonNode own = kind.around(named, without, file == null ? null : file.get("post_processor"));
      if (own != null) {
        tree.set("post_processor", own);
      }
    }
    return TokenizerFile.check(tree, path);
  }

  /** Returns the special tokens by transformers' names, such as {@code eos_token}. */
  Map<String, String> named() {
    Map<String, String> out = new LinkedHashMap<>();
    for (String name : AddedTokens.NAMES) {
      Token token = named.get(name);
      if (token != null) {
        out.put(name, token.content());
      }
    }
    return Collections.unmodifiableMap(out);
  }

  /** Returns the id for padding. */
  long padId(TokenizerFile checked) throws FileFormatException {
    Token pad = named.get("pad_token");
    Integer id = pad == null ? null : checked.id(pad.content());
    return id == null ? checked.padId() : id;
  }

  /** Returns whether padding is on the left. */
  boolean padsLeft() throws FileFormatException {
    return left("padding_side", "padding");
  }

  /** Returns whether truncation removes the beginning. */
  boolean cutsLeft() throws FileFormatException {
    return left("truncation_side", "truncation");
  }

  private boolean left(String key, String inFile) throws FileFormatException {
    if (config.has(key)) {
      return config.oneOf(key, null, "left", "right").equals("left");
    }
    JsonPart part = file == null ? null : file.object(inFile);
    return part != null && part.oneOf("direction", "Right", "Left", "Right").equals("Left");
  }

  /**
   * Returns the maximum number of tokens that the tokenizer of a folder was made for; null if it is
   * not given.
   */
  static @Nullable Integer maxLength(Path folder) throws IOException {
    JsonPart config = optional(folder, CONFIG);
    if (config == null) {
      return null;
    }
    if (!config.has("model_max_length")) {
      return null;
    }
    JsonNode value = config.get("model_max_length");
    double length = value.isNumber() ? value.doubleValue() : 0;
    if (!(length >= 1)) {
      throw config.wrong("model_max_length", "a number from 1");
    }
    return length > Integer.MAX_VALUE ? null : (int) length;
  }

  /** Returns whether decoding removes spaces before punctuation. */
  boolean cleansUp() throws FileFormatException {
    return config.flag("clean_up_tokenization_spaces", false);
  }
}
