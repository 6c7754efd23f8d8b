package dev.peft4j.constraint;

import java.util.List;

/** A regular expression as a tree. */
sealed interface Regex {
  /** The empty text. */
  Regex EMPTY = new Sequence(List.of());

  /** One of some characters. */
  record Chars(CodePoints chars) implements Regex {}

  /** All parts, one after the other. */
  record Sequence(List<Regex> parts) implements Regex {}

  /** One of several. */
  record Choice(List<Regex> parts) implements Regex {}

  /** A part several times; {@code max} is -1 for any number. */
  record Repeat(Regex part, int min, int max) implements Regex {}

  /** The beginning of the text. */
  record Start() implements Regex {}

  /** The end of the text. */
  record End() implements Regex {}

  /** Returns an expression for a text as it stands. */
  static Regex text(String text) {
    return new Sequence(
        text.codePoints().mapToObj(c -> (Regex) new Chars(CodePoints.of(c))).toList());
  }
}
