package dev.peft4j.chat;

import java.util.List;

/**
 * A conversation as text.
 *
 * @param text what the template made
 * @param generated the parts that the assistant said, by the template's {@code generation} blocks,
 *     in the order in which they were written; empty if the template has none
 */
public record RenderedChat(String text, List<Span> generated) {
  /**
   * A part of the text.
   *
   * @param start the index of its first {@code char} in {@link RenderedChat#text()}
   * @param end the index behind its last
   */
  public record Span(int start, int end) {}

  /** Copies the list. */
  public RenderedChat {
    generated = List.copyOf(generated);
  }
}
