package dev.peft4j.chat.jinja;

/**
 * The limits of a rendering.
 *
 * @param steps the steps of evaluation: nodes, items, and pieces of text that are gone through
 * @param characters the characters that are made, all texts and values together; more where the
 *     conversation is large
 * @param depth how deep blocks, expressions and calls may be in each other
 */
public record Limits(long steps, long characters, int depth) {
  /** Enough for every template that is meant well. */
  public static final Limits STANDARD = new Limits(50_000_000, 64 << 20, 2_000);
}
