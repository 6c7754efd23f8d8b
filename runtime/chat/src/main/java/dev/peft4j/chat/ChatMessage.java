package dev.peft4j.chat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;

/**
 * One message of a conversation: a JSON object with a {@code role}, mostly a {@code content}, and
 * whatever else the template knows. Keys keep their order and numbers what they are, so that tool
 * calls reach the model as they were written.
 */
public final class ChatMessage {
  private final ObjectNode json;

  private ChatMessage(ObjectNode json) {
    this.json = json;
  }

  /**
   * Returns the message that {@code json} is.
   *
   * @throws IllegalArgumentException if it is not an object
   */
  public static ChatMessage of(JsonNode json) {
    if (!(json instanceof ObjectNode object)) {
      throw new IllegalArgumentException(
          "a message is a JSON object with a role and a content, but this is " + json);
    }
    return new ChatMessage(object.deepCopy());
  }

  /** Returns a message with a role and a text. */
  public static ChatMessage of(String role, String content) {
    return new ChatMessage(
        JsonNodeFactory.instance.objectNode().put("role", role).put("content", content));
  }

  /** Returns a message of the system: what the model is to be. */
  public static ChatMessage system(String content) {
    return of("system", content);
  }

  /** Returns a message of the user. */
  public static ChatMessage user(String content) {
    return of("user", content);
  }

  /** Returns an answer of the model. */
  public static ChatMessage assistant(String content) {
    return of("assistant", content);
  }

  /** Returns what the tool {@code name} has answered. */
  public static ChatMessage tool(String name, String content) {
    return new ChatMessage(
        JsonNodeFactory.instance
            .objectNode()
            .put("role", "tool")
            .put("name", name)
            .put("content", content));
  }

  /** Returns this message with {@code key} set to {@code value}, such as {@code tool_calls}. */
  public ChatMessage with(String key, JsonNode value) {
    ObjectNode copy = json.deepCopy();
    copy.set(key, value);
    return new ChatMessage(copy);
  }

  /** Returns this message with {@code key} set to a text, such as {@code reasoning_content}. */
  public ChatMessage with(String key, String value) {
    return with(key, JsonNodeFactory.instance.textNode(value));
  }

  /** Returns the role; empty if there is none. */
  public String role() {
    return json.path("role").asText("");
  }

  /** Returns a copy of the message as JSON. */
  public ObjectNode json() {
    return json.deepCopy();
  }

  @Override
  public boolean equals(Object other) {
    return other instanceof ChatMessage m && json.equals(m.json);
  }

  @Override
  public int hashCode() {
    return json.hashCode();
  }

  @Override
  public String toString() {
    return json.toString();
  }
}
