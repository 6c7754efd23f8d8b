package dev.peft4j.checkpoint;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.peft4j.gguf.GgufFile;
import dev.peft4j.gguf.GgufMetadata;
import dev.peft4j.io.FileFormatException;
import dev.peft4j.io.Quote;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * The tokenizer in a GGUF file as the content of a {@code tokenizer.json}: byte-level BPE (the kind
 * {@code gpt2}), or SentencePiece's BPE with bytes for what is unknown (the kind {@code llama}).
 */
public final class GgufTokenizer {
  static final String PREFIX = "tokenizer.ggml.";
  private static final String TEMPLATE = "tokenizer.chat_template";

  static final int UNKNOWN = 2;
  static final int CONTROL = 3;
  static final int USER_DEFINED = 4;
  static final int BYTE = 6;

  private final GgufFile file;
  private final GgufMetadata metadata;
  private final List<String> tokens;
  private final int[] types;
  private final Map<String, Integer> ids = new LinkedHashMap<>();

  private GgufTokenizer(GgufFile file) throws FileFormatException {
    this.file = file;
    this.metadata = file.metadata();
    this.tokens = metadata.strings(PREFIX + "tokens");
    this.types = types();
    for (int i = 0; i < tokens.size(); i++) {
      Integer other = ids.put(tokens.get(i), i);
      if (other != null) {
        throw problem(
            "tokens",
            "has " + Quote.text(tokens.get(i)) + " twice, as the ids " + other + " and " + i);
      }
    }
    if (tokens.isEmpty()) {
      throw problem("tokens", "is empty");
    }
  }

  /**
   * Returns the tokenizer of a file.
   *
   * @throws FileFormatException if it has none, or one of a kind that is not known, which is named
   */
  public static GgufTokenizer of(GgufFile file) throws FileFormatException {
    String kind = file.metadata().string(PREFIX + "model", "none");
    if (kind.equals("none") || kind.equals("no_vocab")) {
      throw new FileFormatException(file.file(), "has no tokenizer");
    }
    if (!kind.equals("gpt2") && !kind.equals("llama")) {
      throw new FileFormatException(
          file.file(),
          "has a tokenizer of the kind " + Quote.text(kind) + ", expected 'gpt2' or 'llama'");
    }
    return new GgufTokenizer(file);
  }

  private int[] types() throws FileFormatException {
    int[] out = new int[tokens.size()];
    String key = PREFIX + "token_type";
    if (!metadata.contains(key)) {
      return out;
    }
    double[] found = metadata.numbers(key);
    requireCount("token_type", found.length);
    for (int i = 0; i < out.length; i++) {
      out[i] = (int) found[i];
    }
    return out;
  }

  private void requireCount(String name, int found) throws FileFormatException {
    if (found != tokens.size()) {
      throw problem(name, "has " + found + " entries for " + tokens.size() + " tokens");
    }
  }

  private boolean isLlama() throws FileFormatException {
    return metadata.string(PREFIX + "model").equals("llama");
  }

  /** Returns the number of tokens. */
  public int size() {
    return tokens.size();
  }

  /** Returns the chat template, or null if there is none. */
  public static @Nullable String chatTemplate(GgufFile file) throws FileFormatException {
    GgufMetadata m = file.metadata();
    return m.contains(TEMPLATE) ? m.string(TEMPLATE) : null;
  }

  /** Returns the special tokens by transformers' names, such as {@code eos_token}. */
  public Map<String, String> named() throws FileFormatException {
    Map<String, String> out = new LinkedHashMap<>();
    String[][] names = {
      {"bos_token", "bos_token_id"},
      {"eos_token", "eos_token_id"},
      {"unk_token", "unknown_token_id"},
      {"pad_token", "padding_token_id"}
    };
    for (String[] n : names) {
      Integer id = id(n[1]);
      if (id != null) {
        out.put(n[0], tokens.get(id));
      }
    }
    return out;
  }

  /** Returns the id for padding: that of the end of a text where there is none. */
  public int padId() throws FileFormatException {
    Integer pad = id("padding_token_id");
    Integer end = id("eos_token_id");
    return pad != null ? pad : end != null ? end : 0;
  }

  private @Nullable Integer id(String name) throws FileFormatException {
    String key = PREFIX + name;
    if (!metadata.contains(key)) {
      return null;
    }
    long id = metadata.integer(key);
    if (id == 0xffff_ffffL) { // llama.cpp's none
      return null;
    }
    if (id < 0 || id >= tokens.size()) {
      throw problem(name, "is " + id + ", expected the id of one of " + tokens.size() + " tokens");
    }
    return (int) id;
  }

  /** Returns the content of a {@code tokenizer.json}. */
  public ObjectNode json() throws FileFormatException {
    ObjectNode out = JsonNodeFactory.instance.objectNode().put("version", "1.0");
    ArrayNode added = out.putArray("added_tokens");
    for (int i = 0; i < tokens.size(); i++) {
      if (types[i] == CONTROL || types[i] == UNKNOWN || types[i] == USER_DEFINED) {
        added
            .addObject()
            .put("id", i)
            .put("content", tokens.get(i))
            .put("single_word", false)
            .put("lstrip", false)
            .put("rstrip", false)
            .put("normalized", false)
            .put("special", types[i] != USER_DEFINED);
      }
    }
    ObjectNode model = out.putObject("model").put("type", "BPE");
    ObjectNode vocab = model.putObject("vocab");
    ids.forEach(vocab::put);
    if (isLlama()) {
      llama(out, model);
    } else {
      gpt2(out, model);
    }
    return out;
  }

  private void gpt2(ObjectNode out, ObjectNode model) throws FileFormatException {
    GgufPreTokenizer.write(file.file(), metadata.string(PREFIX + "pre", "default"), out, model);
    ArrayNode merges = model.putArray("merges");
    for (String merge : metadata.strings(PREFIX + "merges")) {
      merges.add(merge);
    }
    out.set("decoder", GgufPreTokenizer.byteLevel(true, true));
    boolean first = model.path("ignore_merges").asBoolean(); // Llama 3
    around(out, metadata.bool(PREFIX + "add_bos_token", first));
  }

  private void llama(ObjectNode out, ObjectNode model) throws FileFormatException {
    Integer unknown = id("unknown_token_id");
    int unk = unknown == null ? 0 : unknown;
    model.put("unk_token", tokens.get(unk)).put("fuse_unk", true).put("byte_fallback", true);
    double[] scores = metadata.numbers(PREFIX + "scores");
    requireCount("scores", scores.length);
    ArrayNode merges = model.putArray("merges");
    new ScoredMerges(tokens, types, ids, scores).write(merges);
    if (merges.isEmpty() && tokens.size() > 300) {
      throw problem(
          "scores",
          "has the same value for every token: the file was made without a tokenizer.model, and how"
              + " tokens are merged is lost; take the tokenizer.json of the model");
    }
    boolean prefix = metadata.bool(PREFIX + "add_space_prefix", true);
    ObjectNode normalizer = out.putObject("normalizer").put("type", "Sequence");
    ArrayNode steps = normalizer.putArray("normalizers");
    if (prefix) {
      steps.addObject().put("type", "Prepend").put("prepend", "▁");
    }
    replace(steps.addObject(), " ", "▁");
    ArrayNode decoders = out.putObject("decoder").put("type", "Sequence").putArray("decoders");
    replace(decoders.addObject(), "▁", " ");
    decoders.addObject().put("type", "ByteFallback");
    decoders.addObject().put("type", "Fuse");
    if (prefix) {
      decoders.addObject().put("type", "Strip").put("content", " ").put("start", 1).put("stop", 0);
    }
    around(out, metadata.bool(PREFIX + "add_bos_token", true));
  }

  private static void replace(ObjectNode step, String what, String by) {
    step.put("type", "Replace").put("content", by).putObject("pattern").put("String", what);
  }

  /** Writes the tokens around each text. */
  private void around(ObjectNode out, boolean first) throws FileFormatException {
    Integer bos = first ? id("bos_token_id") : null;
    Integer eos = metadata.bool(PREFIX + "add_eos_token", false) ? id("eos_token_id") : null;
    if (bos == null && eos == null) {
      return;
    }
    ObjectNode post = out.putObject("post_processor").put("type", "TemplateProcessing");
    ArrayNode single = post.putArray("single");
    ArrayNode pair = post.putArray("pair");
    sequence(single, bos, eos, "A", 0);
    sequence(pair, bos, eos, "A", 0);
    sequence(pair, bos, eos, "B", 1);
    ObjectNode special = post.putObject("special_tokens");
    for (Integer id : new Integer[] {bos, eos}) {
      if (id != null) {
        ObjectNode token = special.putObject(tokens.get(id)).put("id", tokens.get(id));
        token.putArray("ids").add(id);
        token.putArray("tokens").add(tokens.get(id));
      }
    }
  }

  private void sequence(
      ArrayNode to, @Nullable Integer bos, @Nullable Integer eos, String id, int type) {
    if (bos != null) {
      to.addObject().putObject("SpecialToken").put("id", tokens.get(bos)).put("type_id", type);
    }
    to.addObject().putObject("Sequence").put("id", id).put("type_id", type);
    if (eos != null) {
      to.addObject().putObject("SpecialToken").put("id", tokens.get(eos)).put("type_id", type);
    }
  }

  private FileFormatException problem(String name, String problem) {
    return new FileFormatException(
        file.file(), "the metadata entry " + Quote.text(PREFIX + name) + " " + problem);
  }
}
