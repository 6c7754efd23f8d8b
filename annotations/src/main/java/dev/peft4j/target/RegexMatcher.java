package dev.peft4j.target;

import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * One attempt of a {@link RegexProgram} on a text. It tries one way after the other, as Python
 * does. Where what follows depends on the step and the place alone, no place is tried twice at one
 * step, which bounds the work by the product of their numbers.
 */
final class RegexMatcher {
  /** Numbers that are kept of ways to be tried, and of places that were; more is given up. */
  private static final int MAX_SIZE = 1_000_000;

  private final RegexProgram program;
  private final int[] text;
  private final boolean whole;
  private final int[] slots;
  private final Visited visited = new Visited();
  private long left;
  private int[] stack = new int[64];
  private int top;
  private int runs;
  private boolean reachedEnd;
  private boolean matched;

  RegexMatcher(RegexProgram program, String text, boolean whole, long steps) {
    this.program = program;
    this.text = text.codePoints().toArray();
    this.whole = whole;
    this.left = steps - this.text.length;
    this.slots = new int[program.slots()];
    Arrays.fill(slots, -1);
  }

  void run() {
    matched = run(0, 0, whole) >= 0;
  }

  boolean matched() {
    return matched;
  }

  /** Whether the end of the text was looked at, so that a longer text may do otherwise. */
  boolean reachedEnd() {
    return reachedEnd;
  }

  /** Steps that were not taken; below 0 if it was given up. */
  long left() {
    return left;
  }

  @Nullable String group(int number) {
    int from = slots[2 * number];
    int to = slots[2 * number + 1];
    return from < 0 || to < from ? null : new String(text, from, to - from);
  }

  /** Where a part of the program, from {@code start} to its match, ends; -1 if it fails. */
  private int run(int start, int from, boolean toEnd) {
    int base = top;
    long id = (long) runs++ * program.size();
    int step = start;
    int at = from;
    while (true) {
      if (--left < 0) {
        return -1;
      }
      boolean ok = true;
      int first = program.first(step);
      switch (program.what(step)) {
        case RegexProgram.CHAR:
          ok = at < text.length && text[at] == first;
          reachedEnd |= at == text.length;
          at++;
          step++;
          break;
        case RegexProgram.SET:
          ok = at < text.length && program.setAt(first).holds(text[at]);
          reachedEnd |= at == text.length;
          at++;
          step++;
          break;
        case RegexProgram.SPLIT:
          ok = !program.isPlain() || visited.add((id + step) * (text.length + 1) + at);
          if (ok) {
            push(program.second(step), at);
            step = first;
          }
          break;
        case RegexProgram.JUMP:
          step = first;
          break;
        case RegexProgram.SAVE:
        case RegexProgram.ENTER:
          push(-1 - first, slots[first]);
          slots[first] = at;
          step++;
          break;
        case RegexProgram.MOVED:
          step = slots[first] == at ? program.second(step) : step + 1;
          break;
        case RegexProgram.AT:
          ok = isAt(first, at);
          step++;
          break;
        case RegexProgram.LOOK:
        case RegexProgram.NOT_LOOK:
          ok = look(step, at);
          step = program.second(step);
          break;
        case RegexProgram.ATOMIC:
          int end = inner(step + 1, at, true);
          ok = end >= 0;
          at = end;
          step = program.second(step);
          break;
        case RegexProgram.REFERENCE:
          int after = reference(first, program.second(step) == 1, at);
          ok = after >= 0;
          at = after;
          step++;
          break;
        case RegexProgram.CONDITION:
          step = slots[2 * first + 1] >= 0 ? step + 1 : program.second(step);
          break;
        default:
          if (!toEnd || at == text.length) {
            return at;
          }
          ok = false;
      }
      while (!ok) {
        if (top == base) {
          return -1;
        }
        top -= 2;
        if (stack[top] < 0) {
          slots[-1 - stack[top]] = stack[top + 1];
        } else {
          step = stack[top];
          at = stack[top + 1];
          ok = true;
        }
      }
    }
  }

  private void push(int a, int b) {
    if (top == stack.length) {
      if (top >= MAX_SIZE) {
        left = -1;
        return;
      }
      stack = Arrays.copyOf(stack, 2 * top);
    }
    stack[top++] = a;
    stack[top++] = b;
  }

  private boolean look(int step, int at) {
    boolean not = program.what(step) == RegexProgram.NOT_LOOK;
    int start = at - program.first(step);
    return (start >= 0 && inner(step + 1, start, !not) >= 0) != not;
  }

  /** A part by itself: of the ways it has tried none is left, of what it remembers perhaps all. */
  private int inner(int start, int at, boolean keep) {
    int base = top;
    int end = run(start, at, false);
    int kept = base;
    for (int i = base; i < top; i += 2) {
      if (stack[i] < 0 && keep) {
        stack[kept++] = stack[i];
        stack[kept++] = stack[i + 1];
      }
    }
    if (!keep) {
      for (int i = top - 2; i >= base; i -= 2) {
        if (stack[i] < 0) {
          slots[-1 - stack[i]] = stack[i + 1];
        }
      }
    }
    top = kept;
    return end;
  }

  private int reference(int group, boolean ignoreCase, int at) {
    int from = slots[2 * group];
    int to = slots[2 * group + 1];
    if (from < 0 || to < from) {
      return -1;
    }
    for (int i = from; i < to; i++) {
      int here = at + i - from;
      left--;
      reachedEnd |= here == text.length;
      boolean same =
          here < text.length
              && (ignoreCase ? RegexChars.sameLetter(text[here], text[i]) : text[here] == text[i]);
      if (!same) {
        return -1;
      }
    }
    return at + to - from;
  }

  private boolean isAt(int kind, int at) {
    int n = text.length;
    reachedEnd |= at == n && kind != RegexNode.At.START && kind != RegexNode.At.LINE_START;
    switch (kind) {
      case RegexNode.At.START:
        return at == 0;
      case RegexNode.At.LINE_START:
        return at == 0 || text[at - 1] == '\n';
      case RegexNode.At.END:
        return at == n;
      case RegexNode.At.LINE_END:
        return at == n || text[at] == '\n';
      case RegexNode.At.LAST:
        return at == n || at == n - 1 && text[at] == '\n';
      default:
        boolean ascii =
            kind == RegexNode.At.ASCII_BOUNDARY || kind == RegexNode.At.NO_ASCII_BOUNDARY;
        boolean changes = isWord(at - 1, ascii) != isWord(at, ascii);
        return n > 0
            && changes == (kind == RegexNode.At.BOUNDARY || kind == RegexNode.At.ASCII_BOUNDARY);
    }
  }

  private boolean isWord(int at, boolean ascii) {
    return at >= 0 && at < text.length && (!ascii || text[at] < 128) && RegexChars.isWord(text[at]);
  }

  /** A set of numbers. */
  private final class Visited {
    private long[] table = new long[64];
    private int size;

    /** Adds a number; false if it is there already. */
    boolean add(long value) {
      if (2 * size >= table.length) {
        if (size >= MAX_SIZE) {
          left = -1;
          return false;
        }
        long[] old = table;
        table = new long[2 * old.length];
        for (long v : old) {
          if (v != 0) {
            table[place(v)] = v;
          }
        }
      }
      int place = place(value + 1);
      if (table[place] != 0) {
        return false;
      }
      table[place] = value + 1;
      size++;
      return true;
    }

    private int place(long value) {
      int mask = table.length - 1;
      int i = (int) (value * 0x9E3779B97F4A7C15L >>> 32) & mask;
      while (table[i] != 0 && table[i] != value) {
        i = (i + 1) & mask;
      }
      return i;
    }
  }
}
