package dev.peft4j.generate;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.fasterxml.jackson.databind.node.TextNode;
import dev.peft4j.chat.RenderedChat;
import dev.peft4j.chat.RenderedChat.Span;
import dev.peft4j.transformers.Tokenizer;
import java.util.BitSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * Special tokens that somebody has typed in the content of messages. To tell them from those of the
 * template a mark is put into each before the conversation is rendered, and taken out of what the
 * template has made of it.
 */
public final class TypedTokens {
  /** A noncharacter of Unicode: no text has it. */
  private static final char MARK = '\uFDEF';

  /** The tokenizer needs others of them. */
  private static final char FIRST_RESERVED = '\uFDD0';

  private final Set<String> special;

  /** Creates what knows the special tokens of a tokenizer. */
  public TypedTokens(Tokenizer tokenizer) {
    this.special = tokenizer.specialTexts();
  }

  /**
   * Returns the place of the first special token in what messages say, and the token; empty if
   * there is none.
   *
   * @param at the name of the value in messages, such as {@code messages[0].content}
   */
  public String[] first(JsonNode value, String at) {
    if (value.isTextual()) {
      String text = value.textValue();
      for (String token : special) {
        if (!token.isBlank() && text.contains(token)) {
          return new String[] {at, token};
        }
      }
    }
    if (value.isArray()) {
      for (int i = 0; i < value.size(); i++) {
        String[] found = first(value.get(i), at + "[" + i + "]");
        if (found.length > 0) {
          return found;
        }
      }
    }
    for (Map.Entry<String, JsonNode> e : value.properties()) {
      String[] found = first(e.getValue(), at + "." + e.getKey());
      if (found.length > 0) {
        return found;
      }
    }
    return new String[0];
  }

  /**
   * Returns messages with marks in the special tokens of all their texts but the roles.
   *
   * @throws IllegalArgumentException if a text has the mark already
   */
  public JsonNode marked(JsonNode value) {
    if (value.isTextual()) {
      return TextNode.valueOf(marked(value.textValue()));
    }
    if (value.isArray()) {
      ArrayNode out = JsonNodeFactory.instance.arrayNode();
      value.forEach(v -> out.add(marked(v)));
      return out;
    }
    if (value.isObject()) {
      ObjectNode out = JsonNodeFactory.instance.objectNode();
      for (Map.Entry<String, JsonNode> e : value.properties()) {
        boolean kept = e.getKey().equals("role");
        out.set(e.getKey(), kept ? e.getValue() : marked(e.getValue()));
      }
      return out;
    }
    return value;
  }

  private String marked(String text) {
    if (text.chars().anyMatch(c -> c >= FIRST_RESERVED && c <= MARK)) {
      throw new IllegalArgumentException(
          "a message has a noncharacter (U+FDD0 to U+FDEF), which is no text");
    }
    StringBuilder out = new StringBuilder(text.length());
    for (int i = 0; i < text.length(); i++) {
      out.append(text.charAt(i));
      for (String token : special) {
        if (token.length() > 1 && text.startsWith(token, i)) {
          out.append(MARK);
          break;
        }
      }
    }
    return out.toString();
  }

  /**
   * A rendered conversation without marks.
   *
   * @param plain the chars at which a special token begins that was typed
   */
  public record Unmarked(RenderedChat chat, BitSet plain) {}

  /** Returns what a template has made of marked messages, without the marks. */
  public static Unmarked unmarked(RenderedChat rendered) {
    BitSet plain = new BitSet();
    String text = rendered.text();
    if (text.indexOf(MARK) < 0) {
      return new Unmarked(rendered, plain);
    }
    StringBuilder out = new StringBuilder(text.length());
    int[] place = new int[text.length() + 1];
    for (int i = 0; i < text.length(); i++) {
      place[i] = out.length();
      if (text.charAt(i) != MARK) {
        out.append(text.charAt(i));
      } else if (!out.isEmpty()) {
        plain.set(out.length() - 1);
      }
    }
    place[text.length()] = out.length();
    List<Span> spans =
        rendered.generated().stream().map(s -> new Span(place[s.start()], place[s.end()])).toList();
    return new Unmarked(new RenderedChat(out.toString(), spans), plain);
  }
}
