package dev.peft4j.chat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.peft4j.chat.jinja.PythonText;

/**
 * Ends a rendering inside the last message, as transformers does: a mark is put behind the
 * message's text, and what the template writes from there on is cut off.
 */
final class Continuation {
  private static final String MARK = "CONTINUE_FINAL_MESSAGE_TAG ";

  private final String template;
  private final String last;

  /** The conversation with the mark in it. */
  final ArrayNode messages;

  Continuation(String template, String source, JsonNode conversation, String field) {
    this.template = template;
    this.messages = conversation.deepCopy();
    ObjectNode message = (ObjectNode) messages.get(messages.size() - 1);
    JsonNode value = message.path(field);
    if (value.isMissingNode() || value.isNull()) {
      throw error("the last message has no \"" + field + "\" to go on with");
    }
    if (!source.contains(field)) {
      throw error(
          "the template does not know the field \"" + field + "\", so it cannot go on with it");
    }
    if (value.isTextual()) {
      last = value.textValue();
      message.put(field, last + MARK);
    } else if (value instanceof ArrayNode blocks) {
      last = markLast(blocks);
    } else {
      throw error("\"" + field + "\" of the last message is not a text: " + value);
    }
  }

  private String markLast(ArrayNode blocks) {
    for (int i = blocks.size() - 1; i >= 0; i--) {
      if (blocks.get(i) instanceof ObjectNode block && block.path("text").isTextual()) {
        String text = block.path("text").textValue();
        block.put("text", text + MARK);
        return text;
      }
    }
    throw error("the last message has no text to go on with");
  }

  /** Cuts {@code text} at the mark. */
  String cut(String text) {
    int at = text.lastIndexOf(PythonText.strip(MARK));
    if (at < 0 || !text.contains(PythonText.strip(last))) {
      throw error(
          "the last message is not in the rendered text as it is, so the text cannot end in it: \""
              + last
              + "\"");
    }
    String head = text.substring(0, at);
    return text.startsWith(MARK, at) ? head : PythonText.stripEnd(head);
  }

  private ChatTemplateException error(String problem) {
    return ChatTemplateException.input(template, "continueFinalMessage: " + problem);
  }
}
