package dev.peft4j.backend.cpu;

import dev.peft4j.data.DType;
import dev.peft4j.op.Attention;

/** Which keys the queries of an attention see, before any mask: one range for each query. */
final class KeyRanges {
  private final Attention op;
  private final Kernel kernel;
  private final int queries;
  private final int keys;

  /** The input with the integers, or -1. */
  private final int input;

  private final boolean wide;

  /** True if there is one place for a sequence, false if there is a range for each query. */
  private final boolean places;

  /** Integers from a sequence to the next. */
  private final int step;

  KeyRanges(Attention op, Kernel kernel, Kernel.Site site, int input) {
    this.op = op;
    this.kernel = kernel;
    this.queries = site.in(0).dim(1);
    this.keys = site.in(1).dim(1);
    this.input = op.ranged() ? input : -1;
    this.wide = op.ranged() && site.program().dtype(site.step().inputs()[input]) == DType.INT64;
    this.places = op.ranged() && site.in(input).rank() == 1;
    this.step =
        op.ranged() && site.in(input).dim(0) > 1
            ? site.in(input).size() / site.in(input).dim(0)
            : 0;
  }

  /** True if every query sees every key. */
  boolean all() {
    return !op.causal() && op.window() == 0 && !op.ranged();
  }

  /** True if keys behind the last that is seen may be room in a cache, where nothing is yet. */
  boolean inCache() {
    return places;
  }

  /** The first key that query {@code i} of sequence {@code b} sees. */
  int from(int b, int i) {
    long from = places || input < 0 ? 0 : number(b * step + 2 * i);
    if (op.window() > 0) {
      from = Math.max(from, place(b, i) - op.window() + 1);
    }
    return (int) Math.max(0, Math.min(from, keys));
  }

  /** The key behind the last that it sees; not before {@link #from}. */
  int to(int b, int i) {
    long to = keys;
    if (places) {
      to = number(b * step) + queries;
    } else if (input >= 0) {
      to = number(b * step + 2 * i + 1);
    }
    if (op.causal()) {
      to = Math.min(to, place(b, i) + 1);
    }
    if (op.window() > 0) {
      to = Math.min(to, place(b, i) + op.window());
    }
    return (int) Math.max(from(b, i), Math.min(to, keys));
  }

  private long place(int b, int i) {
    return places ? number(b * step) + i : (long) keys - queries + i;
  }

  private long number(int at) {
    long address = kernel.in(input);
    return wide ? Memory.getLong(address + 8L * at) : Memory.getInt(address + 4L * at);
  }
}
