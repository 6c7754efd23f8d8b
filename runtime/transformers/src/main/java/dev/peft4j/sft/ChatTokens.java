package dev.peft4j.sft;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.peft4j.chat.ChatTemplate;
import dev.peft4j.chat.ChatTemplateException;
import dev.peft4j.chat.RenderOptions;
import dev.peft4j.chat.RenderedChat;
import dev.peft4j.chat.RenderedChat.Span;
import dev.peft4j.generate.TypedTokens;
import dev.peft4j.generate.TypedTokens.Unmarked;
import dev.peft4j.transformers.TokenizedText;
import dev.peft4j.transformers.Tokenizer;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.List;
import java.util.Map;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/** Conversations as tokens, and which of them the assistant says. */
final class ChatTokens {
  private static final ObjectMapper MAPPER = new ObjectMapper();

  /** How special tokens of chats look. */
  private static final Pattern MARK = Pattern.compile("<\\|[^|<>\\s]{1,40}\\|>");

  private final Tokenizer tokenizer;
  private final ChatTemplate template;
  private final @Nullable TypedTokens typed;

  /** Creates it; {@code typed} is what keeps special tokens in messages text, or null. */
  ChatTokens(Tokenizer tokenizer, ChatTemplate template, @Nullable TypedTokens typed) {
    this.tokenizer = tokenizer;
    this.template = template;
    this.typed = typed;
  }

  /** Roles that conversations have, whether a template names them or not. */
  static final List<String> ROLES =
      List.of("system", "developer", "user", "assistant", "tool", "function");

  /** Returns whether a role is a usual one, or one that the template names. */
  boolean knowsRole(String role) {
    return ROLES.contains(role)
        || template.source().contains("'" + role + "'")
        || template.source().contains('"' + role + '"');
  }

  /**
   * A conversation's tokens.
   *
   * @param said for each token whether the assistant says it
   */
  record Chat(TokenizedText tokens, boolean[] said) {}

  /**
   * Returns the tokens of a conversation.
   *
   * @param row gives the template what it gets besides the messages
   * @param masked whether the assistant's tokens are wanted
   */
  Chat tokens(JsonNode messages, ObjectNode row, boolean masked, String where) {
    RenderOptions options = options(row, where);
    Unmarked whole = render(messages, options, where);
    RenderedChat rendered = whole.chat();
    TokenizedText tokens = tokenizer.tokenize(rendered.text(), false, whole.plain());
    boolean[] said = new boolean[tokens.size()];
    if (masked) {
      List<Span> spans =
          template.marksGeneration()
              ? rendered.generated()
              : byPrefixes(messages, options, rendered.text(), where);
      for (Span span : spans) {
        mark(tokens, span, said);
      }
    }
    return new Chat(tokens, said);
  }

  /** Returns the tokens of messages to which the assistant is to answer. */
  TokenizedText prompt(JsonNode messages, ObjectNode row, String where) {
    RenderOptions options = options(row, where).addGenerationPrompt(true);
    Unmarked asked = render(messages, options, where);
    return tokenizer.tokenize(asked.chat().text(), false, asked.plain());
  }

  /** Whole tokens, from that of the first char to that of the last, as transformers does it. */
  private static void mark(TokenizedText tokens, Span span, boolean[] said) {
    if (span.end() <= span.start()) {
      return;
    }
    int first = -1;
    for (int at = span.start(); first < 0 && at < span.end(); at++) {
      first = tokens.tokenAt(at);
    }
    int last = -1;
    for (int at = span.end() - 1; last < 0 && at >= span.start(); at--) {
      last = tokens.tokenAt(at);
    }
    for (int t = first; t >= 0 && t <= last; t++) {
      said[t] = true;
    }
  }

  /**
   * Returns what the assistant says by rendering longer and longer beginnings of the conversation:
   * from the end of the beginning that asks for an answer to the end of the one with the answer,
   * without white space after its last token.
   */
  private List<Span> byPrefixes(
      JsonNode messages, RenderOptions options, String whole, String where) {
    List<Span> spans = new ArrayList<>();
    ArrayNode before = JsonNodeFactory.instance.arrayNode();
    for (int i = 0; i < messages.size(); i++) {
      JsonNode message = messages.get(i);
      if (message.path("role").asText().equals("assistant")) {
        if (before.isEmpty()) {
          throw new SftException(
              where
                  + ": the conversation begins with the assistant, and the chat template "
                  + template.name()
                  + " does not mark what the assistant says with {% generation %}, so the answer"
                  + " cannot be found; begin with a system or user message, or use a template"
                  + " with marks");
        }
        String asked = render(before, options.addGenerationPrompt(true), where).chat().text();
        before.add(message);
        String answered = render(before, options, where).chat().text();
        if (!answered.startsWith(asked) || !whole.startsWith(answered)) {
          throw new SftException(
              where
                  + ": the chat template "
                  + template.name()
                  + " renders the conversation up to message "
                  + (i + 1)
                  + " differently from the same messages in the whole, and does not mark what the"
                  + " assistant says; use a template with {% generation %} marks, one row for each"
                  + " answer as \"prompt\" and \"completion\", or count all tokens");
        }
        spans.add(new Span(asked.length(), answered.stripTrailing().length()));
      } else {
        before.add(message);
      }
    }
    return spans;
  }

  private Unmarked render(JsonNode messages, RenderOptions options, String where) {
    try {
      JsonNode given = typed == null ? messages : marked(typed, messages, where);
      RenderedChat rendered = template.render(given, options);
      return typed == null ? new Unmarked(rendered, new BitSet()) : TypedTokens.unmarked(rendered);
    } catch (ChatTemplateException e) {
      throw new SftException(where + ": " + e.getMessage(), e);
    }
  }

  private static JsonNode marked(TypedTokens typed, JsonNode messages, String where) {
    try {
      return typed.marked(messages);
    } catch (IllegalArgumentException e) {
      throw new SftException(where + ": " + e.getMessage(), e);
    }
  }

  private static RenderOptions options(ObjectNode row, String where) {
    RenderOptions options = RenderOptions.NONE;
    JsonNode tools = parsed(row.path("tools"), "tools", where);
    if (tools.isArray() && !tools.isEmpty()) {
      options = options.tools(tools);
    } else if (!tools.isMissingNode() && !tools.isNull() && !tools.isArray()) {
      throw RowFormat.wrong(where, "tools", tools, "a list of tools, or its JSON as a text");
    }
    JsonNode documents = row.path("documents");
    if (documents.isArray()) {
      options = options.documents(documents);
    }
    JsonNode more = row.path("chat_template_kwargs");
    if (!more.isMissingNode() && !more.isNull() && !more.isObject()) {
      throw RowFormat.wrong(where, "chat_template_kwargs", more, "an object");
    }
    for (Map.Entry<String, JsonNode> e : more.properties()) {
      options = options.variable(e.getKey(), e.getValue());
    }
    return options;
  }

  private static JsonNode parsed(JsonNode value, String key, String where) {
    if (!value.isTextual()) {
      return value;
    }
    if (value.textValue().isBlank()) {
      return JsonNodeFactory.instance.nullNode();
    }
    try {
      return MAPPER.readTree(value.textValue());
    } catch (JsonProcessingException e) {
      throw RowFormat.wrong(where, key, value, "a list of tools, or its JSON as a text");
    }
  }

  /** Returns marks such as {@code <|eot_id|>} that the template writes and the tokenizer lacks. */
  List<String> unknownMarks() {
    ArrayNode probe = JsonNodeFactory.instance.arrayNode();
    for (String role : new String[] {"user", "assistant"}) {
      probe.addObject().put("role", role).put("content", "a");
    }
    String text;
    try {
      text = template.render(probe, RenderOptions.NONE).text();
    } catch (ChatTemplateException e) {
      return List.of(); // each row says so
    }
    return MARK.matcher(text)
        .results()
        .map(MatchResult::group)
        .distinct()
        .filter(mark -> !tokenizer.addedTokens().containsKey(mark))
        .toList();
  }

  /**
   * Returns whether the end of an answer is among what the template's marks count: whether the last
   * counted token of a short conversation is a special one. True where that cannot be found out.
   */
  boolean countsStop() {
    if (!template.marksGeneration()) {
      return true;
    }
    ArrayNode probe = JsonNodeFactory.instance.arrayNode();
    for (String role : new String[] {"user", "assistant", "user"}) {
      probe.addObject().put("role", role).put("content", "a");
    }
    Chat chat;
    try {
      chat = tokens(probe, JsonNodeFactory.instance.objectNode(), true, "probe");
    } catch (SftException e) {
      return true;
    }
    int last = -1;
    for (int t = 0; t < chat.said.length; t++) {
      last = chat.said[t] ? t : last;
    }
    return last < 0 || tokenizer.addedTokens().containsValue(chat.tokens.id(last));
  }
}
