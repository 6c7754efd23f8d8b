package dev.peft4j.constraint;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** Makes a {@link Grammar}. */
final class GrammarBuilder {
  private static final int MAX_STATES = 2_000_000;
  private static final int[] NONE = {};
  private static final CodePoints ESCAPED = CodePoints.range(0, 0x1F).or(CodePoints.anyOf("\"\\"));
  private static final String SHORT = "\"\\\b\f\n\r\t";
  private static final String SHORT_NAMES = "\"\\bfnrt";

  private final CodePoints writable;
  private final List<int[]> bytes = new ArrayList<>();
  private final List<int[]> free = new ArrayList<>();
  private final List<int[]> calls = new ArrayList<>();
  private final List<Boolean> ends = new ArrayList<>();

  /**
   * Begins a grammar.
   *
   * @param writable the characters that the vocabulary has
   */
  GrammarBuilder(CodePoints writable) {
    this.writable = writable;
  }

  /** Adds a state and returns its number; that of a rule's beginning is the rule's. */
  int state() {
    if (ends.size() >= MAX_STATES) {
      throw new ConstraintException("the constraint", "needs more than " + MAX_STATES + " states");
    }
    bytes.add(NONE);
    free.add(NONE);
    calls.add(NONE);
    ends.add(false);
    return ends.size() - 1;
  }

  void edge(int from, int first, int last, int to) {
    int[] all = bytes.get(from);
    int n = all.length;
    int[] more = Arrays.copyOf(all, n + 3);
    more[n] = first;
    more[n + 1] = last;
    more[n + 2] = to;
    bytes.set(from, more);
  }

  void free(int from, int to) {
    int[] all = free.get(from);
    int[] more = Arrays.copyOf(all, all.length + 1);
    more[all.length] = to;
    free.set(from, more);
  }

  /**
   * Adds an ASCII text and returns the state behind it; nothing leads there if the vocabulary lacks
   * a character.
   */
  int text(int from, String text) {
    int at = from;
    for (byte b : text.getBytes(StandardCharsets.US_ASCII)) {
      int next = state();
      if (writable.contains(b)) {
        edge(at, b, b, next);
      }
      at = next;
    }
    return at;
  }

  /** Adds what a rule describes and returns the state behind it. */
  int call(int from, int rule) {
    int caller = state();
    free(from, caller);
    int back = state();
    calls.set(caller, new int[] {rule, back});
    return back;
  }

  void end(int state) {
    ends.set(state, true);
  }

  /**
   * Adds texts and returns the state behind them.
   *
   * @param json whether they are written inside of a string of JSON
   */
  int texts(int from, Dfa texts, boolean json) {
    int to = state();
    int[] names = new int[texts.size()];
    for (int s = 0; s < names.length; s++) {
      names[s] = state();
      if (texts.accepts(s)) {
        free(names[s], to);
      }
    }
    if (names.length > 0) {
      free(from, names[0]);
    }
    for (int s = 0; s < names.length; s++) {
      for (int e = 0; e < texts.edges(s); e++) {
        CodePoints chars = CodePoints.range(texts.first(s, e), texts.last(s, e));
        chars(names[s], chars, names[texts.target(s, e)], json);
      }
    }
    return to;
  }

  private void chars(int from, CodePoints chars, int to, boolean json) {
    CodePoints plain = chars.and(writable);
    if (json) {
      plain = plain.and(ESCAPED.not());
    }
    Map<List<Integer>, Integer> shared = new HashMap<>();
    for (int r = 0; r < plain.rangeCount(); r++) {
      for (int[] sequence : Utf8.sequences(plain.first(r), plain.last(r))) {
        int at = to;
        for (int i = sequence.length - 2; i >= 2; i -= 2) { // from the end: tails are shared
          int next = at;
          List<Integer> key = List.of(sequence[i], sequence[i + 1], next);
          Integer known = shared.get(key);
          if (known == null) {
            known = state();
            edge(known, sequence[i], sequence[i + 1], next);
            shared.put(key, known);
          }
          at = known;
        }
        edge(from, sequence[0], sequence[1], at);
      }
    }
    if (json) {
      escapes(from, chars, to);
    }
  }

  private void escapes(int from, CodePoints chars, int to) {
    CodePoints escaped = chars.and(ESCAPED);
    boolean alone = chars.rangeCount() == 1 && chars.first(0) == chars.last(0);
    if (alone && !writable.contains(chars.first(0)) && escaped.isEmpty()) {
      String units = new String(Character.toChars(chars.first(0)));
      StringBuilder s = new StringBuilder();
      units.chars().forEach(c -> s.append(String.format("\\u%04x", c)));
      free(text(from, s.toString()), to);
      return;
    }
    if (escaped.isEmpty()) {
      return;
    }
    int slash = text(from, "\\");
    int unicode = -1;
    for (int r = 0; r < escaped.rangeCount(); r++) {
      for (int c = escaped.first(r); c <= escaped.last(r); c++) {
        int name = SHORT.indexOf(c);
        if (name >= 0) {
          free(text(slash, SHORT_NAMES.substring(name, name + 1)), to);
        } else {
          unicode = unicode < 0 ? text(slash, "u00") : unicode;
          int digit = text(unicode, c < 16 ? "0" : "1");
          free(text(digit, String.valueOf(Character.forDigit(c % 16, 16))), to);
        }
      }
    }
  }

  Grammar build(int start) {
    int n = ends.size();
    int[] call = new int[n];
    int[] back = new int[n];
    boolean[] end = new boolean[n];
    for (int s = 0; s < n; s++) {
      int[] c = calls.get(s);
      call[s] = c.length == 0 ? -1 : c[0];
      back[s] = c.length == 0 ? -1 : c[1];
      end[s] = ends.get(s);
    }
    return new Grammar(
        bytes.toArray(int[][]::new), free.toArray(int[][]::new), call, back, end, start);
  }
}
