package dev.peft4j.target;

import java.util.List;
import org.jspecify.annotations.Nullable;

/** A part of a regular expression, as {@link RegexParser} reads it. */
interface RegexNode {
  /** A width that nothing bounds. */
  int UNBOUNDED = Integer.MAX_VALUE;

  /** The fewest characters that it matches. */
  int least();

  /** The most characters that it matches; {@link #UNBOUNDED} if nothing bounds them. */
  int most();

  /** Adds the steps that match it. */
  void emit(RegexProgram to);

  /** Whether it is a position such as {@code ^}, which cannot be repeated. */
  default boolean isPosition() {
    return false;
  }

  private static int sum(int a, int b) {
    return (int) Math.min((long) a + b, UNBOUNDED);
  }

  private static int product(int a, int b) {
    return (int) Math.min((long) a * b, UNBOUNDED);
  }

  /** One after the other. */
  record Sequence(List<RegexNode> items, int least, int most) implements RegexNode {
    static Sequence of(List<RegexNode> items) {
      int least = 0;
      int most = 0;
      for (RegexNode item : items) {
        least = sum(least, item.least());
        most = sum(most, item.most());
      }
      return new Sequence(List.copyOf(items), least, most);
    }

    @Override
    public void emit(RegexProgram to) {
      items.forEach(i -> i.emit(to));
    }
  }

  /** The first of several that leads to a match. */
  record Choice(List<RegexNode> items, int least, int most) implements RegexNode {
    static Choice of(List<RegexNode> items) {
      int least = UNBOUNDED;
      int most = 0;
      for (RegexNode item : items) {
        least = Math.min(least, item.least());
        most = Math.max(most, item.most());
      }
      return new Choice(List.copyOf(items), least, most);
    }

    @Override
    public void emit(RegexProgram to) {
      int[] ends = new int[items.size()];
      for (int i = 0; i < ends.length - 1; i++) {
        int split = to.add(RegexProgram.SPLIT, 0, 0);
        to.first(split, to.size());
        items.get(i).emit(to);
        ends[i] = to.add(RegexProgram.JUMP, 0, 0);
        to.second(split, to.size());
      }
      items.get(ends.length - 1).emit(to);
      for (int i = 0; i < ends.length - 1; i++) {
        to.first(ends[i], to.size());
      }
    }
  }

  /** One character. */
  record Char(RegexChars chars) implements RegexNode {
    @Override
    public int least() {
      return 1;
    }

    @Override
    public int most() {
      return 1;
    }

    @Override
    public void emit(RegexProgram to) {
      int literal = chars.literal();
      if (literal >= 0) {
        to.add(RegexProgram.CHAR, literal, 0);
      } else {
        to.add(RegexProgram.SET, to.set(chars), 0);
      }
    }
  }

  /** A position between characters. */
  record At(int kind) implements RegexNode {
    static final int START = 0;
    static final int LINE_START = 1;
    static final int END = 2;
    static final int LINE_END = 3;
    static final int LAST = 4;
    static final int BOUNDARY = 5;
    static final int NO_BOUNDARY = 6;
    static final int ASCII_BOUNDARY = 7;
    static final int NO_ASCII_BOUNDARY = 8;

    @Override
    public int least() {
      return 0;
    }

    @Override
    public int most() {
      return 0;
    }

    @Override
    public boolean isPosition() {
      return true;
    }

    @Override
    public void emit(RegexProgram to) {
      to.add(RegexProgram.AT, kind, 0);
    }
  }

  /** How a repeat tries. */
  enum Mode {
    GREEDY,
    LAZY,
    POSSESSIVE
  }

  /** The same several times. */
  record Repeat(RegexNode item, int min, int max, Mode mode) implements RegexNode {
    @Override
    public int least() {
      return product(min, item.least());
    }

    @Override
    public int most() {
      return item.most() == 0 ? 0 : max == UNBOUNDED ? UNBOUNDED : product(max, item.most());
    }

    @Override
    public void emit(RegexProgram to) {
      if (mode == Mode.POSSESSIVE) {
        to.inner(RegexProgram.ATOMIC, 0, new Repeat(item, min, max, Mode.GREEDY));
        return;
      }
      // what matches nothing but a place need not be tried again at that place
      int times = item.most() == 0 ? Math.min(min, 1) : min;
      int limit = item.most() == 0 ? Math.min(max, 1) : max;
      for (int i = 0; i < times; i++) {
        item.emit(to);
      }
      if (limit == UNBOUNDED) {
        loop(to);
      } else {
        int[] splits = new int[limit - times];
        for (int i = 0; i < splits.length; i++) {
          splits[i] = to.add(RegexProgram.SPLIT, 0, 0);
          branch(to, splits[i], true, to.size());
          item.emit(to);
        }
        for (int split : splits) {
          branch(to, split, false, to.size());
        }
      }
    }

    private void loop(RegexProgram to) {
      int slot = item.least() == 0 ? to.newLoop() : -1;
      int split = to.add(RegexProgram.SPLIT, 0, 0);
      branch(to, split, true, to.size());
      if (slot >= 0) {
        to.add(RegexProgram.ENTER, slot, 0);
      }
      item.emit(to);
      int moved = slot >= 0 ? to.add(RegexProgram.MOVED, slot, 0) : -1;
      to.add(RegexProgram.JUMP, split, 0);
      if (moved >= 0) {
        to.second(moved, to.size()); // having matched nothing, it does not begin again
      }
      branch(to, split, false, to.size());
    }

    private void branch(RegexProgram to, int split, boolean again, int target) {
      if (again == (mode == Mode.GREEDY)) {
        to.first(split, target);
      } else {
        to.second(split, target);
      }
    }
  }

  /** A group; number 0 is none that is remembered. */
  record Group(int number, RegexNode item) implements RegexNode {
    @Override
    public int least() {
      return item.least();
    }

    @Override
    public int most() {
      return item.most();
    }

    @Override
    public void emit(RegexProgram to) {
      if (number > 0) {
        to.add(RegexProgram.SAVE, 2 * number, 0);
      }
      item.emit(to);
      if (number > 0) {
        to.add(RegexProgram.SAVE, 2 * number + 1, 0);
      }
    }
  }

  /** What must, or must not, come next or have come before. */
  record Look(RegexNode item, boolean behind, boolean not) implements RegexNode {
    @Override
    public int least() {
      return 0;
    }

    @Override
    public int most() {
      return 0;
    }

    @Override
    public void emit(RegexProgram to) {
      to.inner(not ? RegexProgram.NOT_LOOK : RegexProgram.LOOK, behind ? item.least() : 0, item);
    }
  }

  /** What keeps its first match. */
  record Atomic(RegexNode item) implements RegexNode {
    @Override
    public int least() {
      return item.least();
    }

    @Override
    public int most() {
      return item.most();
    }

    @Override
    public void emit(RegexProgram to) {
      to.inner(RegexProgram.ATOMIC, 0, item);
    }
  }

  /** What a group has matched, once more. */
  record Reference(int group, boolean ignoreCase, int least, int most) implements RegexNode {
    @Override
    public void emit(RegexProgram to) {
      to.add(RegexProgram.REFERENCE, group, ignoreCase ? 1 : 0);
    }
  }

  /** One of two, by whether a group has matched. */
  record Condition(int group, RegexNode yes, @Nullable RegexNode no) implements RegexNode {
    @Override
    public int least() {
      return no == null ? 0 : Math.min(yes.least(), no.least());
    }

    @Override
    public int most() {
      return no == null ? yes.most() : Math.max(yes.most(), no.most());
    }

    @Override
    public void emit(RegexProgram to) {
      int test = to.add(RegexProgram.CONDITION, group, 0);
      yes.emit(to);
      int jump = to.add(RegexProgram.JUMP, 0, 0);
      to.second(test, to.size());
      if (no != null) {
        no.emit(to);
      }
      to.first(jump, to.size());
    }
  }
}
