package dev.peft4j.chat.jinja;

import java.time.ZonedDateTime;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Supplier;

/** One rendering: the variables, the output so far, and what may still be used. */
final class Runtime {
  /** Values in values, deeper than which nothing goes through them: Python stops there, too. */
  static final int MAX_NESTING = 900;

  private static final int CHARACTERS_A_STEP = 16;
  // What an entry of a list or dict takes, in characters.
  private static final int ENTRY = 16;
  private static final int MAX_CALLS = 200;

  Map<String, Object> parent;
  Map<String, Object> vars = new HashMap<>();
  final Supplier<ZonedDateTime> clock;
  final StringBuilder root = new StringBuilder();
  final List<int[]> generations = new ArrayList<>();
  boolean autoescape;

  private final Limits limits;
  private long stepsLeft;
  private long charactersLeft;
  private int calls;
  private int depth;

  Runtime(
      Map<String, Object> parent,
      Supplier<ZonedDateTime> clock,
      Limits limits,
      long inputCharacters) {
    this.parent = parent;
    this.clock = clock;
    this.limits = limits;
    this.stepsLeft = limits.steps();
    this.charactersLeft = limits.characters() + 100 * inputCharacters;
  }

  Object resolve(String name) {
    Object value = vars.get(name);
    if (value == null) {
      value = parent.get(name);
    }
    return value == null ? None.MISSING : value;
  }

  void step() {
    if (--stepsLeft < 0) {
      throw tooLong();
    }
  }

  /** Counts the work on {@code characters}. */
  void work(long characters) {
    stepsLeft -= 1 + characters / CHARACTERS_A_STEP;
    if (stepsLeft < 0) {
      throw tooLong();
    }
  }

  private JinjaException tooLong() {
    return JinjaException.limit(
        "the template does not end: it has taken "
            + limits.steps()
            + " steps; a loop or a call must be shorter");
  }

  /** Counts {@code characters} that are about to be made. */
  void reserve(long characters) {
    work(characters);
    if (characters > charactersLeft) {
      throw JinjaException.limit(
          "the template makes too much text: more than " + limits.characters() + " characters");
    }
    charactersLeft -= characters;
  }

  /** Counts {@code entries} of a list or dict that is about to be made. */
  void reserveEntries(long entries) {
    reserve(Math.multiplyExact(Math.min(entries, Long.MAX_VALUE / ENTRY), ENTRY));
  }

  String made(String text) {
    reserve(text.length());
    return text;
  }

  /** Counts a call of something whose code is {@code levels} deep; {@link #leave} ends it. */
  void enter(int levels) {
    if (++calls > MAX_CALLS || depth + levels > limits.depth()) {
      throw new JinjaException(
          "RecursionError",
          "calls of macros or loops are too deep in each other: more than "
              + Math.min(calls - 1, MAX_CALLS));
    }
    depth += levels;
  }

  void leave(int levels) {
    calls--;
    depth -= levels;
  }

  static void nesting(int depth) {
    if (depth > MAX_NESTING) {
      throw new JinjaException(
          "RecursionError",
          "values are too deep in each other: more than " + MAX_NESTING + " levels");
    }
  }
}
