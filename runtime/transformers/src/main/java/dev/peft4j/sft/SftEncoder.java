package dev.peft4j.sft;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.peft4j.chat.ChatTemplate;
import dev.peft4j.generate.TypedTokens;
import dev.peft4j.io.Printable;
import dev.peft4j.log.Log;
import dev.peft4j.sft.SftWarning.Kind;
import dev.peft4j.transformers.TokenRow;
import dev.peft4j.transformers.TokenizedText;
import dev.peft4j.transformers.Tokenizer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * A maker of examples from rows: tokens, and which of them the loss counts. The format is decided
 * row by row. Texts and completions get the end-of-sequence token appended, unless they end with
 * it; conversations end as their template has it, and get no token besides what it wrote.
 *
 * <p>The source is TRL's {@code SFTTrainer}. It differs where TRL does what harms: an assistant's
 * turns are found in templates without marks, too, rows are counted where they are dropped, and
 * warnings name the line.
 */
public final class SftEncoder {
  private static final Log LOG = Log.of(SftEncoder.class);

  private final Tokenizer tokenizer;
  private final @Nullable ChatTokens chat;
  private final TypedTokens typed;
  private final String eos;
  private final SftOptions options;
  private final Map<Kind, SftWarning> warnings = new EnumMap<>(Kind.class);
  private boolean stopLookedAt;
  private boolean marksLookedAt;

  /**
   * Creates an encoder.
   *
   * @param tokenizer the model's; its {@code eos_token} is appended to texts
   * @param template the model's chat template; null if it has none, then conversations are an error
   * @throws IllegalArgumentException if the tokenizer has no {@code eos_token}
   */
  public SftEncoder(Tokenizer tokenizer, @Nullable ChatTemplate template, SftOptions options) {
    String end = tokenizer.specialTokens().get("eos_token");
    if (end == null) {
      throw new IllegalArgumentException(
          "SftEncoder: the tokenizer has no eos_token, with which texts end; name it in"
              + " tokenizer_config.json");
    }
    this.tokenizer = tokenizer;
    this.typed = new TypedTokens(tokenizer);
    this.chat =
        template == null
            ? null
            : new ChatTokens(tokenizer, template, options.plainContent() ? typed : null);
    this.eos = end;
    this.options = options;
    if (options.keepEnd()) {
      warn(
          Kind.HARMFUL_SETTING,
          "keepEnd cuts off the beginning: rows lose their system's message and begin in the middle"
              + " of a turn");
    }
  }

  /** Returns the options. */
  public SftOptions options() {
    return options;
  }

  /**
   * Returns the id with which batches are padded: that of the pad token, or of the end of a
   * sequence if there is none. Padding is known by its place, so it may be one that is counted
   * elsewhere.
   */
  public int padId() {
    String pad = tokenizer.specialTokens().getOrDefault("pad_token", eos);
    Integer id = tokenizer.id(pad);
    return id == null ? tokenizer.padId() : id;
  }

  /** Returns what has been warned of so far. */
  public List<SftWarning> warnings() {
    return List.copyOf(warnings.values());
  }

  void warn(Kind kind, String message) {
    if (warnings.putIfAbsent(kind, new SftWarning(kind, message)) == null) {
      LOG.warn("{}", message);
    }
  }

  /**
   * Returns the examples that a row is: one, truncated, or the pieces of a long text if the options
   * split those.
   *
   * @param row a JSON object in one of the formats of {@link SftData}
   * @param where the row's place for messages, such as {@code chat.jsonl line 3}
   * @throws SftException if it is not one of them, or the template refuses it
   */
  public List<SftExample> examples(ObjectNode row, String where) {
    Integer most = options.maxLength();
    boolean splits =
        options.splitTexts()
            && most != null
            && RowFormat.of(row, options.textField(), where) == RowFormat.TEXT;
    if (most == null || !splits) {
      return List.of(encode(row, where));
    }
    TokenRow whole = text(row, where);
    List<SftExample> pieces = new ArrayList<>();
    for (int from = 0; from == 0 || from < whole.length(); from += most) {
      int to = Math.min(whole.length(), from + most);
      pieces.add(new SftExample(SftExample.slice(whole, from, to), false));
    }
    return pieces;
  }

  /**
   * Returns the example that a row is, truncated.
   *
   * @param row a JSON object in one of the formats of {@link SftData}
   * @param where the row's place for messages, such as {@code chat.jsonl line 3}
   * @throws SftException if it is not one of them, or the template refuses it
   */
  public SftExample encode(ObjectNode row, String where) {
    RowFormat format = RowFormat.of(row, options.textField(), where);
    if (format == RowFormat.SHARE_GPT || format == RowFormat.ALPACA) {
      String name = format == RowFormat.ALPACA ? "Alpaca's" : "ShareGPT's";
      warn(Kind.MAPPED, where + ": rows in " + name + " format are read as messages");
    }
    ObjectNode mapped = format.mapped(row, where);
    return truncated(
        switch (format) {
          case TOKENS -> tokens(mapped, where);
          case TEXT -> text(mapped, where);
          case PROMPT -> prompt(mapped, where);
          default -> conversation(mapped, where);
        });
  }

  private SftExample truncated(TokenRow row) {
    Integer most = options.maxLength();
    if (most == null || row.length() <= most) {
      return new SftExample(row, false);
    }
    if (options.keepEnd()) {
      return new SftExample(SftExample.slice(row, row.length() - most, row.length()), false);
    }
    boolean lost = false;
    for (int i = most; i < row.length(); i++) {
      lost |= row.labels()[i] != TokenRow.IGNORED;
    }
    return new SftExample(SftExample.slice(row, 0, most), lost);
  }

  private TokenRow tokens(ObjectNode row, String where) {
    int[] ids = ints(row.get("input_ids"), "input_ids", 0, where);
    JsonNode given = row.path("labels");
    if (given.isMissingNode() || given.isNull()) {
      return new TokenRow(ids, ids.clone());
    }
    int[] labels = ints(given, "labels", TokenRow.IGNORED, where);
    if (labels.length != ids.length) {
      throw new SftException(
          where + ": has " + ids.length + " input_ids and " + labels.length + " labels");
    }
    return new TokenRow(ids, labels);
  }

  private static int[] ints(JsonNode list, String key, int least, String where) {
    if (!list.isArray()) {
      throw RowFormat.wrong(where, key, list, "a list of token ids");
    }
    int[] out = new int[list.size()];
    for (int i = 0; i < out.length; i++) {
      JsonNode id = list.get(i);
      boolean fits = id.isIntegralNumber() && id.canConvertToInt();
      out[i] = id.intValue();
      if (!fits || out[i] < 0 && out[i] != least) {
        throw RowFormat.wrong(
            where, key + "[" + i + "]", id, "a token id" + (least < 0 ? ", or " + least : ""));
      }
    }
    return out;
  }

  private TokenRow text(ObjectNode row, String where) {
    if (options.lossOn() == LossOn.ASSISTANT
        || options.lossOn() == LossOn.ASSISTANT_IN_COMPLETION) {
      throw new SftException(
          where + ": is a text without an assistant, so the loss cannot be on the assistant alone");
    }
    String text = RowFormat.text(row.get(options.textField()), options.textField(), where);
    int[] ids = withEos(text, where).ids();
    return new TokenRow(ids, ids.clone());
  }

  /** Tokens of a text that ends with the end-of-sequence token. */
  private TokenizedText withEos(String text, String where) {
    TokenizedText tokens = tokenizer.tokenize(text.endsWith(eos) ? text : text + eos, true);
    String bos = tokenizer.specialTokens().get("bos_token");
    Integer id = bos == null ? null : tokenizer.id(bos);
    if (id != null && tokens.size() > 1 && tokens.id(0) == id && tokens.id(1) == id) {
      warn(
          Kind.DOUBLED_BOS,
          where + ": the text begins with " + bos + ", and the tokenizer adds another");
    }
    return tokens;
  }

  private TokenRow prompt(ObjectNode row, String where) {
    JsonNode prompt = row.get("prompt");
    JsonNode completion = row.get("completion");
    if (prompt.isTextual() != completion.isTextual()) {
      throw new SftException(
          where + ": \"prompt\" and \"completion\" are a text and messages, needed two of a kind");
    }
    LossOn on = options.lossOn() == LossOn.DEFAULT ? LossOn.COMPLETION : options.lossOn();
    boolean said = on == LossOn.ASSISTANT || on == LossOn.ASSISTANT_IN_COMPLETION;
    int[] before;
    int[] ids;
    boolean[] counted = new boolean[0];
    if (prompt.isTextual()) {
      if (said) {
        throw new SftException(
            where + ": is a prompt as text, so the loss cannot be on the assistant alone");
      }
      ids = withEos(prompt.textValue() + completion.textValue(), where).ids();
      before = tokenizer.ids(prompt.textValue(), true);
    } else {
      messages(prompt, "prompt", where);
      messages(completion, "completion", where);
      ArrayNode all = JsonNodeFactory.instance.arrayNode();
      prompt.forEach(all::add);
      completion.forEach(all::add);
      ChatTokens.Chat whole = chat(where).tokens(all, row, said, where);
      before = chat(where).prompt(prompt, row, where).ids();
      ids = whole.tokens().ids();
      counted = whole.said();
    }
    int common = Arrays.mismatch(before, ids);
    common = common < 0 ? ids.length : common;
    if (common < before.length) {
      warn(
          Kind.PROMPT_NOT_PREFIX,
          where
              + ": the tokens of the prompt are not the first ones of prompt and completion, from"
              + " token "
              + (common + 1)
              + " on; the completion is counted from there");
    }
    int[] labels = ids.clone();
    for (int i = 0; i < ids.length; i++) {
      boolean counts = on == LossOn.ALL || on == LossOn.ASSISTANT || i >= common;
      if (!counts || said && !counted[i]) {
        labels[i] = TokenRow.IGNORED;
      }
    }
    return new TokenRow(ids, labels);
  }

  private TokenRow conversation(ObjectNode row, String where) {
    JsonNode messages = row.get("messages");
    messages(messages, "messages", where);
    LossOn on = options.lossOn();
    boolean said = on != LossOn.ALL && on != LossOn.COMPLETION;
    ChatTokens.Chat whole = chat(where).tokens(messages, row, said, where);
    int[] ids = whole.tokens().ids();
    int[] labels = ids.clone();
    for (int i = 0; said && i < ids.length; i++) {
      labels[i] = whole.said()[i] ? ids[i] : TokenRow.IGNORED;
    }
    return new TokenRow(ids, labels);
  }

  private ChatTokens chat(String where) {
    ChatTokens c = chat;
    if (c == null) {
      throw new SftException(
          where
              + ": is a conversation, but the model has no chat template; give one, on the command"
              + " line with --chat-template FILE, or one that is built in: "
              + String.join(", ", ChatTemplate.builtInNames()));
    }
    if (!marksLookedAt) {
      marksLookedAt = true;
      List<String> unknown = c.unknownMarks();
      if (!unknown.isEmpty()) {
        warn(
            Kind.UNKNOWN_MARKS,
            "the chat template writes "
                + Printable.of(String.join(", ", unknown))
                + ", which the tokenizer does not have as tokens: they are learned as text. Is the"
                + " template another model's?");
      }
    }
    boolean masked = options.lossOn() != LossOn.ALL && options.lossOn() != LossOn.COMPLETION;
    if (masked && !stopLookedAt) {
      stopLookedAt = true;
      if (!c.countsStop()) {
        warn(
            Kind.STOP_NOT_TRAINED,
            "the chat template's marks leave out the token that ends an answer: the model will not"
                + " learn to stop");
      }
    }
    return c;
  }

  /** Checks a conversation, and looks for special tokens that somebody has typed. */
  private void messages(JsonNode messages, String key, String where) {
    if (!messages.isArray()) {
      throw RowFormat.wrong(where, key, messages, "a list of messages with role and content");
    }
    if (messages.isEmpty()) {
      throw new SftException(
          where + ": \"" + key + "\" is an empty conversation, expected at least one message");
    }
    for (int i = 0; i < messages.size(); i++) {
      JsonNode message = messages.get(i);
      String at = key + "[" + i + "]";
      if (!message.isObject()) {
        throw RowFormat.wrong(where, at, message, "an object with role and content");
      }
      if (!message.path("role").isTextual()) {
        throw RowFormat.wrong(where, at + ".role", message.path("role"), "a text such as user");
      }
      ChatTokens c = chat;
      if (c != null && !c.knowsRole(message.path("role").textValue())) {
        throw RowFormat.wrong(
            where,
            at + ".role",
            message.path("role"),
            String.join(", ", ChatTokens.ROLES) + ", or a role that the chat template names");
      }
      content(message, at, where);
      special(message, at, where);
    }
  }

  /** Content is a text, or parts of text; it may be missing where there is something else. */
  private static void content(JsonNode message, String at, String where) {
    JsonNode content = message.path("content");
    if (content.isTextual()) {
      return;
    }
    if (content.isMissingNode() || content.isNull()) {
      if (message.size() > (content.isNull() ? 2 : 1)) {
        return; // calls of tools, for example
      }
      throw RowFormat.wrong(where, at + ".content", content, "a text");
    }
    if (!content.isArray()) {
      throw RowFormat.wrong(where, at + ".content", content, "a text");
    }
    for (int i = 0; i < content.size(); i++) {
      JsonNode part = content.get(i);
      String name = at + ".content[" + i + "]";
      if (part.isTextual() || part.isObject() && part.path("text").isTextual()) {
        continue;
      }
      throw part.isObject() && part.path("type").isTextual()
          ? RowFormat.wrong(where, name + ".type", part.path("type"), "text")
          : RowFormat.wrong(where, name, part, "a text");
    }
  }

  /** Tells of the first special token that somebody has typed. */
  private void special(JsonNode message, String at, String where) {
    if (warnings.containsKey(Kind.SPECIAL_TOKENS_IN_CONTENT)) {
      return;
    }
    for (Map.Entry<String, JsonNode> e : message.properties()) {
      String[] found =
          e.getKey().equals("role")
              ? new String[0]
              : typed.first(e.getValue(), at + "." + e.getKey());
      if (found.length > 0) {
        warn(
            Kind.SPECIAL_TOKENS_IN_CONTENT,
            where
                + ": "
                + found[0]
                + " contains "
                + Printable.of(found[1])
                + (options.plainContent()
                    ? ", which stays text"
                    : ", which becomes the special token"));
        return;
      }
    }
  }
}
