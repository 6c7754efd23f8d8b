package dev.peft4j.transformers;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.peft4j.io.FileFormatException;
import dev.peft4j.log.Log;
import dev.peft4j.transformers.AddedTokens.Token;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * The tokenizer classes of transformers that are known by name. They use only the vocabulary of a
 * {@code tokenizer.json} and define the rest themselves; every other class uses the file as it is.
 */
enum TokenizerClass {
  /** {@code BertTokenizer}, and its aliases. */
  BERT(
      Words.PIECES,
      Map.of(
          "unk_token", "[UNK]",
          "sep_token", "[SEP]",
          "pad_token", "[PAD]",
          "cls_token", "[CLS]",
          "mask_token", "[MASK]"),
      Set.of("bert", "distilbert", "electra", "layoutlm", "lxmert", "squeezebert", "mobilebert"),
      Set.of(
          "BertTokenizer",
          "DistilBertTokenizer",
          "ElectraTokenizer",
          "LayoutLMTokenizer",
          "LxmertTokenizer",
          "MobileBertTokenizer",
          "SqueezeBertTokenizer")),
  /** {@code MPNetTokenizer}. */
  MPNET(
      Words.PIECES,
      Map.of(
          "bos_token", "<s>",
          "eos_token", "</s>",
          "sep_token", "</s>",
          "cls_token", "<s>",
          "unk_token", "[UNK]",
          "pad_token", "<pad>",
          "mask_token", "<mask>"),
      Set.of("mpnet"),
      Set.of("MPNetTokenizer")),
  /** {@code RobertaTokenizer}. */
  ROBERTA(
      Words.BYTES,
      Map.of(
          "bos_token", "<s>",
          "eos_token", "</s>",
          "sep_token", "</s>",
          "cls_token", "<s>",
          "unk_token", "<unk>",
          "pad_token", "<pad>",
          "mask_token", "<mask>"),
      Set.of("roberta"),
      Set.of("RobertaTokenizer")),
  /** {@code XLMRobertaTokenizer}. */
  XLM_ROBERTA(
      Words.SCORED,
      Map.of(
          "bos_token", "<s>",
          "eos_token", "</s>",
          "sep_token", "</s>",
          "cls_token", "<s>",
          "unk_token", "<unk>",
          "pad_token", "<pad>",
          "mask_token", "<mask>"),
      Set.of("xlm-roberta"),
      Set.of("XLMRobertaTokenizer")),
  /** {@code GPT2Tokenizer}. */
  GPT2(
      Words.BYTES,
      Map.of(
          "unk_token", "<|endoftext|>",
          "bos_token", "<|endoftext|>",
          "eos_token", "<|endoftext|>"),
      Set.of("gpt2"),
      Set.of("GPT2Tokenizer")),
  /** A class that uses {@code tokenizer.json} as it is. */
  AS_IT_IS(Words.PIECES, Map.of(), Set.of(), Set.of());

  /** The way in which words are split into tokens. */
  enum Words {
    /** WordPiece. */
    PIECES,
    /** BPE of bytes. */
    BYTES,
    /** Unigram: pieces with scores. */
    SCORED
  }

  private static final Log LOG = Log.of(TokenizerClass.class);

  private final Words words;
  private final Map<String, String> tokens;
  private final Set<String> modelTypes;
  private final Set<String> classes;

  TokenizerClass(
      Words words, Map<String, String> tokens, Set<String> modelTypes, Set<String> classes) {
    this.words = words;
    this.tokens = tokens;
    this.modelTypes = modelTypes;
    this.classes = classes;
  }

  /**
   * Returns the class of a folder: the one that it names, or that of its model's type.
   *
   * @param vocabulary the file that the vocabulary is in
   */
  static TokenizerClass of(JsonPart config, @Nullable JsonPart model, String vocabulary)
      throws FileFormatException {
    String name = config.textOrNull("tokenizer_class");
    if (name == null && model != null) {
      name = model.textOrNull("tokenizer_class");
    }
    String type = model == null ? null : model.textOrNull("model_type");
    TokenizerClass found = AS_IT_IS;
    for (TokenizerClass c : values()) {
      boolean mine =
          name == null
              ? type != null && c.modelTypes.contains(type)
              : c.classes.contains(
                  name.endsWith("Fast") ? name.substring(0, name.length() - 4) : name);
      found = mine ? c : found;
    }
    return switch (vocabulary) {
      case "vocab.txt" -> found.words == Words.PIECES && found != AS_IT_IS ? found : BERT;
      case "vocab.json" -> found.words == Words.BYTES ? found : GPT2;
      default -> found;
    };
  }

  Words model() {
    return words;
  }

  /** Returns the default token of that name; null if there is none. */
  @Nullable Token token(String name) {
    String content = tokens.get(name);
    boolean eatsSpace = this == MPNET && name.equals("mask_token");
    return content == null ? null : new Token(content, false, eatsSpace, false, false, true);
  }

  /** Returns the model with a vocabulary. */
  ObjectNode model(JsonNode vocabulary, ArrayNode merges, @Nullable Token unknown) {
    ObjectNode out = JsonNodeFactory.instance.objectNode();
    if (words == Words.SCORED) {
      out.put("type", "Unigram").put("unk_id", 3).put("byte_fallback", false);
    } else if (words == Words.PIECES) {
      out.put("type", "WordPiece").put("unk_token", unknown == null ? "None" : unknown.content());
    } else {
      out.put("type", "BPE").set("merges", merges);
    }
    out.set("vocab", vocabulary);
    return out;
  }

  /** Adds everything besides the vocabulary. */
  void parts(JsonPart config, ObjectNode tree) throws FileFormatException {
    if (words == Words.BYTES) {
      boolean space = config.flag("add_prefix_space", false);
      tree.putNull("normalizer");
      tree.putObject("pre_tokenizer").put("type", "ByteLevel").put("add_prefix_space", space);
      tree.putObject("decoder").put("type", "ByteLevel");
      return;
    }
    if (words == Words.SCORED) {
      scoredParts(config, tree);
      return;
    }
    boolean lower = config.flag("do_lower_case", true);
    JsonNode before = tree.path("normalizer").path("lowercase");
    if (before.isBoolean() && before.booleanValue() != lower && !config.has("do_lower_case")) {
      LOG.warn(
          "{}: does not say do_lower_case; texts are set in lower case, as transformers does it,"
              + " although tokenizer.json says otherwise",
          config.file());
    }
    ObjectNode normalizer = tree.putObject("normalizer");
    normalizer.put("type", "BertNormalizer").put("clean_text", true).put("lowercase", lower);
    normalizer.put("handle_chinese_chars", config.flag("tokenize_chinese_chars", true));
    if (config.has("strip_accents")) {
      normalizer.put("strip_accents", config.flag("strip_accents"));
    }
    tree.putObject("pre_tokenizer").put("type", "BertPreTokenizer");
    tree.putObject("decoder").put("type", "WordPiece").put("prefix", "##").put("cleanup", true);
  }

  /** Of the normalizer only the table of characters counts. */
  private static void scoredParts(JsonPart config, ObjectNode tree) throws FileFormatException {
    JsonNode before = tree.path("normalizer");
    JsonNode listed = before.path("normalizers");
    JsonNode table = null;
    for (JsonNode n : listed.isArray() ? listed : List.of(before)) {
      if (table == null && n.path("type").asText().equals("Precompiled")) {
        table = n;
      }
    }
    tree.set("normalizer", table == null ? tree.nullNode() : table.deepCopy());
    String scheme = config.flag("add_prefix_space", true) ? "always" : "never";
    ObjectNode split = tree.putObject("pre_tokenizer").put("type", "Sequence");
    ArrayNode parts = split.putArray("pretokenizers");
    parts.addObject().put("type", "WhitespaceSplit");
    metaspace(parts.addObject(), scheme).put("split", true);
    metaspace(tree.putObject("decoder"), scheme).put("split", true);
  }

  private static ObjectNode metaspace(ObjectNode part, String scheme) {
    return part.put("type", "Metaspace").put("replacement", "▁").put("prepend_scheme", scheme);
  }

  /**
   * Returns the post-processor.
   *
   * @param named the tokens by their names
   * @param vocabulary has the tokens' ids
   * @param ofFile the post-processor of the file, or null
   */
  @Nullable JsonNode around(
      Map<String, Token> named, TokenizerFile vocabulary, @Nullable JsonNode ofFile) {
    if (this == GPT2) {
      return ofFile == null || !ofFile.isObject() ? null : ofFile;
    }
    if (this == XLM_ROBERTA) {
      return aroundScored(vocabulary, named.get("bos_token"), named.get("eos_token"));
    }
    Token cls = named.get("cls_token");
    Token sep = named.get("sep_token");
    boolean bert = this == BERT;
    int first = id(cls, vocabulary, bert ? 2 : 0);
    int last = id(sep, vocabulary, bert ? 3 : 2);
    ObjectNode out = JsonNodeFactory.instance.objectNode();
    out.put("type", bert ? "BertProcessing" : "RobertaProcessing");
    out.putArray("cls").add(cls == null ? "None" : cls.content()).add(first);
    out.putArray("sep").add(sep == null ? "None" : sep.content()).add(last);
    return out;
  }

  private static JsonNode aroundScored(
      TokenizerFile vocabulary, @Nullable Token first, @Nullable Token last) {
    ObjectNode out = JsonNodeFactory.instance.objectNode().put("type", "TemplateProcessing");
    String a = first == null ? "None" : first.content();
    String b = last == null ? "None" : last.content();
    ArrayNode single = out.putArray("single");
    piece(single, "SpecialToken", a);
    piece(single, "Sequence", "A");
    piece(single, "SpecialToken", b);
    ArrayNode pair = out.putArray("pair").addAll(single);
    piece(pair, "SpecialToken", b);
    piece(pair, "Sequence", "B");
    piece(pair, "SpecialToken", b);
    ObjectNode tokens = out.putObject("special_tokens");
    special(tokens, a, id(first, vocabulary, 0));
    special(tokens, b, id(last, vocabulary, 2));
    return out;
  }

  private static void piece(ArrayNode template, String kind, String id) {
    template.addObject().putObject(kind).put("id", id).put("type_id", 0);
  }

  private static void special(ObjectNode tokens, String token, int id) {
    ObjectNode out = tokens.putObject(token).put("id", token);
    out.putArray("ids").add(id);
    out.putArray("tokens").add(token);
  }

  private static int id(@Nullable Token token, TokenizerFile vocabulary, int missing) {
    Integer id = token == null ? null : vocabulary.id(token.content());
    return id == null ? missing : id;
  }

  /** Returns the names of the known classes, for messages. */
  static List<String> names() {
    return List.of(values()).stream().flatMap(c -> c.classes.stream()).sorted().toList();
  }
}
