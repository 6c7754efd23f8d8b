package dev.peft4j.target;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.regex.PatternSyntaxException;

/** A regular expression as steps, three numbers each: what to do, and two operands. */
final class RegexProgram {
  static final int CHAR = 0;
  static final int SET = 1;
  static final int SPLIT = 2;
  static final int JUMP = 3;
  static final int SAVE = 4;
  static final int AT = 5;
  static final int LOOK = 6;
  static final int NOT_LOOK = 7;
  static final int ATOMIC = 8;
  static final int REFERENCE = 9;
  static final int CONDITION = 10;
  static final int ENTER = 11;
  static final int MOVED = 12;
  static final int MATCH = 13;

  /** A counted repeat is written out; one that is larger than this is refused. */
  private static final int MAX_STEPS = 100_000;

  private final String regex;
  private final int groups;
  private final boolean remembers;
  private final boolean refers;
  private final List<RegexChars> sets = new ArrayList<>();
  private int[] code = new int[96];
  private int size;
  private int loops;

  /**
   * @param groups how many groups there are, the whole match included
   * @param captures whether what groups have matched is asked for
   * @param refers whether the expression refers to what its groups have matched
   */
  RegexProgram(String regex, int groups, boolean captures, boolean refers) {
    this.regex = regex;
    this.groups = groups;
    this.remembers = captures || refers;
    this.refers = refers;
  }

  /**
   * Adds a step.
   *
   * @return its index
   */
  int add(int what, int first, int second) {
    if (what == SAVE && !remembers) {
      return size;
    }
    if (size == MAX_STEPS) {
      throw new PatternSyntaxException(
          "it expands to more than "
              + MAX_STEPS
              + " steps; use smaller counts in its repetitions, or * and +",
          regex,
          -1);
    }
    if (3 * size + 3 > code.length) {
      code = Arrays.copyOf(code, 2 * code.length);
    }
    code[3 * size] = what;
    code[3 * size + 1] = first;
    code[3 * size + 2] = second;
    return size++;
  }

  /** A part that is matched by itself; what follows goes on after it. */
  void inner(int what, int back, RegexNode item) {
    int at = add(what, back, 0);
    item.emit(this);
    add(MATCH, 0, 0);
    second(at, size);
  }

  int size() {
    return size;
  }

  void first(int step, int value) {
    code[3 * step + 1] = value;
  }

  void second(int step, int value) {
    code[3 * step + 2] = value;
  }

  int what(int step) {
    return code[3 * step];
  }

  int first(int step) {
    return code[3 * step + 1];
  }

  int second(int step) {
    return code[3 * step + 2];
  }

  int set(RegexChars chars) {
    sets.add(chars);
    return sets.size() - 1;
  }

  RegexChars setAt(int index) {
    return sets.get(index);
  }

  int newLoop() {
    return 2 * groups + loops++;
  }

  /** Numbers that are remembered while matching: two a group, one a loop. */
  int slots() {
    return 2 * groups + loops;
  }

  /** Whether what happens from a step and a place on depends on nothing else. */
  boolean isPlain() {
    return !refers;
  }
}
