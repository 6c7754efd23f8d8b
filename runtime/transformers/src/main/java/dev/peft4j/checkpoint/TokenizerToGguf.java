package dev.peft4j.checkpoint;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.peft4j.gguf.GgufValue;
import dev.peft4j.gguf.GgufWriter;
import dev.peft4j.io.FileFormatException;
import dev.peft4j.io.Quote;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** A writer of the tokenizer of a folder into a GGUF file. */
public final class TokenizerToGguf {
  private static final int NORMAL = 1;
  private static final int UNUSED = 5;

  private final Path file;
  private final JsonNode tokenizer;
  private final JsonNode settings;
  private final boolean llama;
  private final Map<String, Integer> vocabulary = new LinkedHashMap<>();
  private final Map<String, JsonNode> added = new LinkedHashMap<>();

  private TokenizerToGguf(Path folder) throws IOException {
    this.file = folder.resolve("tokenizer.json");
    this.tokenizer = read(file);
    Path config = folder.resolve("tokenizer_config.json");
    this.settings = Files.exists(config) ? read(config) : JsonNodeFactory.instance.objectNode();
    JsonNode model = tokenizer.path("model");
    if (!model.path("type").asText().equals("BPE")) {
      throw new FileFormatException(
          file,
          "has a model of the type "
              + Quote.text(model.path("type").asText())
              + "; only BPE can be written as GGUF");
    }
    this.llama = model.path("byte_fallback").asBoolean();
    model.path("vocab").properties().forEach(e -> vocabulary.put(e.getKey(), e.getValue().asInt()));
    for (JsonNode a : tokenizer.path("added_tokens")) {
      added.put(a.path("content").asText(), a);
      vocabulary.put(a.path("content").asText(), a.path("id").asInt());
    }
  }

  private static JsonNode read(Path file) throws IOException {
    try {
      return new ObjectMapper().readTree(file.toFile());
    } catch (com.fasterxml.jackson.core.JacksonException e) {
      throw new FileFormatException(file, "is not JSON: " + e.getOriginalMessage());
    }
  }

  /**
   * Writes the tokenizer of a folder; that there is none where it has no {@code tokenizer.json}.
   *
   * @param size tokens of the model's table; ids without a token get one that is not used
   * @throws FileFormatException if llama.cpp does not know how it splits texts
   */
  public static void write(Path folder, int size, GgufWriter out) throws IOException {
    if (!Files.exists(folder.resolve("tokenizer.json"))) {
      out.put(GgufTokenizer.PREFIX + "model", GgufValue.of("none"));
      return;
    }
    new TokenizerToGguf(folder).write(size, folder, out);
  }

  private void write(int size, Path folder, GgufWriter out) throws IOException {
    int count = size;
    for (int id : vocabulary.values()) {
      count = Math.max(count, id + 1);
    }
    String[] tokens = new String[count];
    vocabulary.forEach((t, id) -> tokens[id] = t);
    List<Integer> types = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      boolean missing = tokens[i] == null;
      tokens[i] = missing ? "[PAD" + i + "]" : tokens[i];
      types.add(missing ? UNUSED : type(tokens[i]));
    }
    String p = GgufTokenizer.PREFIX;
    out.put(p + "model", GgufValue.of(llama ? "llama" : "gpt2"));
    out.put(p + "pre", GgufValue.of(llama ? "default" : pre()));
    out.put(p + "tokens", GgufValue.strings(Arrays.asList(tokens)));
    if (llama) {
      out.put(p + "scores", GgufValue.float32s(scores(tokens, types)));
    }
    out.put(p + "token_type", GgufValue.int32s(types));
    if (!llama) {
      out.put(p + "merges", GgufValue.strings(merges()));
    }
    id(out, "bos_token", "bos_token_id");
    id(out, "eos_token", "eos_token_id");
    id(out, "unk_token", "unknown_token_id");
    id(out, "pad_token", "padding_token_id");
    String bos = name("bos_token");
    String post = tokenizer.path("post_processor").toString();
    boolean first = bos != null && post.contains(JsonNodeFactory.instance.textNode(bos).toString());
    out.put(p + "add_bos_token", GgufValue.of(first));
    out.put(p + "add_eos_token", GgufValue.of(false));
    if (llama) {
      boolean prefix = tokenizer.path("normalizer").toString().contains("\"Prepend\"");
      out.put(p + "add_space_prefix", GgufValue.of(prefix));
    }
    String template = template(folder);
    if (template != null) {
      out.put("tokenizer.chat_template", GgufValue.of(template));
    }
  }

  private @Nullable String template(Path folder) throws IOException {
    Path own = folder.resolve("chat_template.jinja");
    if (Files.exists(own)) {
      return Files.readString(own);
    }
    JsonNode t = settings.path("chat_template");
    return t.isTextual() ? t.textValue() : null;
  }

  private int type(String token) {
    JsonNode a = added.get(token);
    if (a != null) {
      boolean unknown = llama && token.equals(tokenizer.path("model").path("unk_token").asText());
      return unknown
          ? GgufTokenizer.UNKNOWN
          : a.path("special").asBoolean() ? GgufTokenizer.CONTROL : GgufTokenizer.USER_DEFINED;
    }
    boolean bytes = llama && token.length() == 6 && token.startsWith("<0x");
    return bytes ? GgufTokenizer.BYTE : NORMAL;
  }

  private List<String> merges() {
    List<String> out = new ArrayList<>();
    for (JsonNode m : tokenizer.path("model").path("merges")) {
      out.add(m.isArray() ? m.path(0).asText() + " " + m.path(1).asText() : m.asText());
    }
    return out;
  }

  /** The earlier a token is merged, the higher its score. */
  private List<Float> scores(String[] tokens, List<Integer> types) {
    List<String> merges = merges();
    Map<String, Integer> rank = new LinkedHashMap<>();
    for (int i = 0; i < merges.size(); i++) {
      rank.putIfAbsent(merges.get(i).replaceFirst(" ", ""), i);
    }
    List<Float> out = new ArrayList<>();
    for (int i = 0; i < tokens.length; i++) {
      Integer r = rank.get(tokens[i]);
      boolean longer = tokens[i].codePointCount(0, tokens[i].length()) > 1;
      out.add(r != null ? -r : types.get(i) == NORMAL && longer ? (float) -merges.size() : 0f);
    }
    return out;
  }

  /** Returns llama.cpp's name of how texts are split. */
  private String pre() throws FileFormatException {
    boolean whole = tokenizer.path("model").path("ignore_merges").asBoolean();
    String own = essence(tokenizer.path("pre_tokenizer"));
    String normal = tokenizer.path("normalizer").path("type").asText();
    for (String name : List.of("gpt-2", "smollm", "llama-bpe", "qwen2", "stablelm2")) {
      ObjectNode known = JsonNodeFactory.instance.objectNode();
      ObjectNode model = JsonNodeFactory.instance.objectNode();
      GgufPreTokenizer.write(file, name, known, model);
      if (essence(known.path("pre_tokenizer")).equals(own)
          && known.path("normalizer").path("type").asText().equals(normal)
          && model.path("ignore_merges").asBoolean() == whole) {
        return name;
      }
    }
    throw new FileFormatException(
        file,
        "splits texts in a way for which llama.cpp's name is not known here (pre_tokenizer "
            + Quote.text(own)
            + ")");
  }

  /** What decides where a text is split. */
  private static String essence(JsonNode pre) {
    StringBuilder s = new StringBuilder();
    JsonNode steps = pre.path("pretokenizers");
    for (JsonNode p : steps.isArray() ? steps : List.of(pre)) {
      s.append(p.path("type").asText()).append(' ');
      s.append(p.path("pattern")).append(p.path("individual_digits").asBoolean());
      s.append(p.path("use_regex").asBoolean(true)).append(p.path("add_prefix_space").asBoolean());
      s.append(';');
    }
    return s.toString();
  }

  private @Nullable String name(String key) {
    JsonNode t = settings.path(key);
    String s = t.isObject() ? t.path("content").asText() : t.isTextual() ? t.textValue() : null;
    return s == null || s.isEmpty() ? null : s;
  }

  private void id(GgufWriter out, String key, String name) {
    String token = name(key);
    Integer id = token == null ? null : vocabulary.get(token);
    if (id != null) {
      out.put(GgufTokenizer.PREFIX + name, GgufValue.uint32(id));
    }
  }
}
