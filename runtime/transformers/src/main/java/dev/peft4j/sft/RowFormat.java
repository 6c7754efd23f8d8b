package dev.peft4j.sft;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.peft4j.io.Printable;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * The formats of rows. ShareGPT's and Alpaca's become messages; roles and columns are those that
 * published files have, see the documentation of {@link SftData}.
 */
enum RowFormat {
  TOKENS,
  MESSAGES,
  SHARE_GPT,
  PROMPT,
  ALPACA,
  TEXT;

  private static final JsonNodeFactory JSON = JsonNodeFactory.instance;
  private static final ObjectMapper MAPPER = new ObjectMapper();

  /** ShareGPT's names of who speaks. */
  private static final Map<String, String> ROLES =
      Map.ofEntries(
          Map.entry("human", "user"),
          Map.entry("user", "user"),
          Map.entry("gpt", "assistant"),
          Map.entry("assistant", "assistant"),
          Map.entry("chatgpt", "assistant"),
          Map.entry("bing", "assistant"),
          Map.entry("bard", "assistant"),
          Map.entry("model", "assistant"),
          Map.entry("system", "system"),
          Map.entry("observation", "tool"),
          Map.entry("tool", "tool"),
          Map.entry("function_response", "tool"));

  private static final String CALL = "function_call";

  /**
   * Returns the format of a row.
   *
   * @throws SftException if it is none of those known
   */
  static RowFormat of(ObjectNode row, String textField, String where) {
    if (row.has("input_ids")) {
      return TOKENS;
    }
    if (row.has("messages")) {
      return MESSAGES;
    }
    if (row.has("conversations")) {
      return SHARE_GPT;
    }
    if (row.has("prompt") && row.has("completion")) {
      return PROMPT;
    }
    if (row.has("instruction") && row.has("output")) {
      return ALPACA;
    }
    if (row.has(textField)) {
      return TEXT;
    }
    List<String> keys = new ArrayList<>();
    row.fieldNames().forEachRemaining(keys::add);
    throw new SftException(
        where
            + ": has "
            + Printable.of(keys.toString())
            + ", expected \""
            + textField
            + "\", \"prompt\" and \"completion\", \"messages\", \"conversations\","
            + " \"instruction\" and \"output\", or \"input_ids\"");
  }

  /** Returns a row of ShareGPT or Alpaca as messages; other rows as they are. */
  ObjectNode mapped(ObjectNode row, String where) {
    return switch (this) {
      case SHARE_GPT -> shareGpt(row, where);
      case ALPACA -> alpaca(row, where);
      default -> row;
    };
  }

  private static ObjectNode shareGpt(ObjectNode row, String where) {
    JsonNode turns = row.get("conversations");
    if (!turns.isArray()) {
      throw wrong(where, "conversations", turns, "a list of turns");
    }
    ArrayNode messages = JSON.arrayNode();
    system(row, messages, where);
    for (int i = 0; i < turns.size(); i++) {
      JsonNode turn = turns.get(i);
      String at = "conversations[" + i + "]";
      if (!(turn instanceof ObjectNode object)) {
        throw wrong(where, at, turn, "an object with from and value");
      }
      messages.add(object.has("from") ? turn(object, at, where) : object);
    }
    ObjectNode out = JSON.objectNode();
    out.set("messages", messages);
    return withRest(out, row);
  }

  private static ObjectNode turn(ObjectNode turn, String at, String where) {
    JsonNode from = turn.get("from");
    JsonNode value = turn.path("value");
    if (from.asText().equals(CALL)) {
      return call(value, at, where);
    }
    String role = ROLES.get(from.asText());
    if (role == null) {
      throw wrong(
          where,
          at + ".from",
          from,
          "human, gpt, system, observation or function_call, or another name for one of them:"
              + " user, assistant, model, chatgpt, bing, bard, tool, function_response");
    }
    if (!value.isTextual()) {
      throw wrong(where, at + ".value", value, "a text");
    }
    return JSON.objectNode().put("role", role).put("content", value.textValue());
  }

  /** A call of tools: its value is the JSON of a call or of a list of them. */
  private static ObjectNode call(JsonNode value, String at, String where) {
    JsonNode calls;
    try {
      calls = value.isTextual() ? MAPPER.readTree(value.textValue()) : value;
    } catch (JsonProcessingException e) {
      throw wrong(where, at + ".value", value, "a call as JSON, with name and arguments");
    }
    ObjectNode message = JSON.objectNode().put("role", "assistant").put("content", "");
    ArrayNode all = message.putArray("tool_calls");
    for (JsonNode one : calls.isArray() ? calls : JSON.arrayNode().add(calls)) {
      if (!one.path("name").isTextual()) {
        throw wrong(where, at + ".value", value, "a call as JSON, with name and arguments");
      }
      ObjectNode function = JSON.objectNode();
      function.set("name", one.get("name"));
      function.set("arguments", one.has("arguments") ? one.get("arguments") : JSON.objectNode());
      all.addObject().put("type", "function").set("function", function);
    }
    return message;
  }

  private static ObjectNode alpaca(ObjectNode row, String where) {
    ArrayNode messages = JSON.arrayNode();
    system(row, messages, where);
    JsonNode history = row.path("history");
    if (!history.isMissingNode() && !history.isNull() && !history.isArray()) {
      throw wrong(where, "history", history, "a list of [question, answer]");
    }
    for (int i = 0; i < history.size(); i++) {
      JsonNode pair = history.get(i);
      if (!pair.isArray() || pair.size() != 2) {
        throw wrong(where, "history[" + i + "]", pair, "[question, answer]");
      }
      say(messages, "user", text(pair.get(0), "history[" + i + "][0]", where));
      say(messages, "assistant", text(pair.get(1), "history[" + i + "][1]", where));
    }
    String input = optional(row, "input", where);
    String instruction = text(row.get("instruction"), "instruction", where);
    say(messages, "user", input.isEmpty() ? instruction : instruction + "\n" + input);
    say(messages, "assistant", text(row.get("output"), "output", where));
    ObjectNode out = JSON.objectNode();
    out.set("messages", messages);
    return withRest(out, row);
  }

  private static void system(ObjectNode row, ArrayNode messages, String where) {
    String system = optional(row, "system", where);
    if (!system.isEmpty()) {
      say(messages, "system", system);
    }
  }

  private static void say(ArrayNode messages, String role, String content) {
    messages.addObject().put("role", role).put("content", content);
  }

  private static String optional(ObjectNode row, String key, String where) {
    JsonNode value = row.path(key);
    return value.isMissingNode() || value.isNull() ? "" : text(value, key, where);
  }

  static String text(@Nullable JsonNode value, String key, String where) {
    if (value == null || !value.isTextual()) {
      throw wrong(where, key, value, "a text");
    }
    return value.textValue();
  }

  /** Copies what templates get besides messages. */
  private static ObjectNode withRest(ObjectNode out, ObjectNode row) {
    for (String key : new String[] {"tools", "documents", "chat_template_kwargs"}) {
      if (row.has(key)) {
        out.set(key, row.get(key));
      }
    }
    return out;
  }

  static SftException wrong(String where, String key, @Nullable JsonNode found, String expected) {
    String shown = found == null || found.isMissingNode() ? "missing" : found.toString();
    if (shown.length() > 80) {
      shown = shown.substring(0, 80) + "...";
    }
    return new SftException(
        where + ": \"" + key + "\" is " + Printable.of(shown) + ", expected " + expected);
  }
}
