package dev.peft4j.backend;

import dev.peft4j.graph.Program;
import java.util.Arrays;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;

/**
 * The memory of each value of a program: given from outside (inputs, outputs), a view of another
 * value, or a part of one block, whose parts are reused as soon as their values have been read for
 * the last time.
 */
public final class MemoryPlan {
  private static final long ALIGNMENT = 64;

  private final int[] base;
  private final long[] offset;
  private final boolean[] planned;
  private final long bytes;

  private MemoryPlan(int[] base, long[] offset, boolean[] planned, long bytes) {
    this.base = base;
    this.offset = offset;
    this.planned = planned;
    this.bytes = bytes;
  }

  /**
   * Plans the memory of a program.
   *
   * @param external values that are computed but whose memory is given at each run
   */
  public static MemoryPlan of(Program p, boolean[] external) {
    return of(p, external, 0);
  }

  /**
   * Plans the memory of a program.
   *
   * @param guard bytes to leave free behind each value, a multiple of 64
   */
  public static MemoryPlan of(Program p, boolean[] external, long guard) {
    int n = p.values();
    int[] base = new int[n];
    long[] offset = new long[n];
    boolean[] planned = new boolean[n];
    int[] lastUse = new int[n];
    for (int v = 0; v < n; v++) {
      base[v] = v;
    }
    for (int s = 0; s < p.steps().size(); s++) {
      Program.Step step = p.steps().get(s);
      int out = step.output();
      if (!external[out] && step.inputs().length > 0) {
        int in = step.inputs()[0];
        long view = step.op().viewOffset(p.shape(in), p.shape(out));
        if (view >= 0) {
          base[out] = base[in];
          offset[out] = offset[in] + view * p.dtype(in).bytes();
        }
      }
      lastUse[base[out]] = Math.max(lastUse[base[out]], s);
      for (int in : step.inputs()) {
        lastUse[base[in]] = s;
      }
    }
    for (int out : p.outputs()) {
      lastUse[base[out]] = Integer.MAX_VALUE;
    }
    Pool pool = new Pool();
    int[][] dying = dying(p, base, lastUse);
    for (int s = 0; s < p.steps().size(); s++) {
      Program.Step step = p.steps().get(s);
      int out = step.output();
      if (base[out] == out && !external[out]) {
        planned[out] = true;
        int heir = heir(p, step, s, base, planned, lastUse);
        if (heir >= 0) {
          offset[out] = offset[heir];
          planned[heir] = false; // its memory lives on as the output's
          pool.taken.put(out, size(p, heir) + guard);
          pool.taken.remove(heir);
        } else {
          offset[out] = pool.take(out, size(p, out) + guard);
        }
      }
      for (int v : dying[s]) {
        if (planned[v]) {
          pool.free(v, offset[v]);
        }
      }
    }
    for (int v = 0; v < n; v++) {
      planned[v] = base[v] == v && v >= p.inputs() && !external[v];
    }
    return new MemoryPlan(base, offset, planned, pool.end);
  }

  private static int[][] dying(Program p, int[] base, int[] lastUse) {
    int steps = p.steps().size();
    int[] counts = new int[steps];
    for (int v = p.inputs(); v < base.length; v++) {
      if (base[v] == v && lastUse[v] < steps) {
        counts[lastUse[v]]++;
      }
    }
    int[][] dying = new int[steps][];
    for (int s = 0; s < steps; s++) {
      dying[s] = new int[counts[s]];
    }
    for (int v = p.inputs(); v < base.length; v++) {
      if (base[v] == v && lastUse[v] < steps) {
        dying[lastUse[v]][--counts[lastUse[v]]] = v;
      }
    }
    return dying;
  }

  /** An input of the step that dies here and whose memory the output may take. */
  private static int heir(
      Program p, Program.Step step, int s, int[] base, boolean[] planned, int[] lastUse) {
    int out = step.output();
    for (int i = 0; i < step.inputs().length; i++) {
      int in = step.inputs()[i];
      int root = base[in];
      if (root == in
          && planned[root]
          && lastUse[root] == s
          && p.bytes(root) == p.bytes(out)
          && step.op().mayOverwrite(i, p.shape(in), p.shape(out))
          && Arrays.stream(step.inputs()).filter(v -> base[v] == root).count() == 1) {
        return root;
      }
    }
    return -1;
  }

  private static long size(Program p, int v) {
    return (Math.max(1, p.bytes(v)) + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
  }

  /** Returns the bytes of the block. */
  public long bytes() {
    return bytes;
  }

  /** Returns the value whose memory {@code v} shares: itself unless it is a view. */
  public int base(int v) {
    return base[v];
  }

  /** Returns the bytes from the start of the block, or of the value that {@code v} is a view of. */
  public long offset(int v) {
    return offset[v];
  }

  /** Returns true if {@code v} is in the block. */
  public boolean inBlock(int v) {
    return planned[v];
  }

  /** Free gaps by where they start; the smallest that fits is taken. */
  private static final class Pool {
    final Map<Integer, Long> taken = new java.util.HashMap<>();
    private final TreeMap<Long, Long> gaps = new TreeMap<>();
    private long end;

    long take(int v, long size) {
      taken.put(v, size);
      Map.Entry<Long, Long> best = null;
      for (Map.Entry<Long, Long> gap : gaps.entrySet()) {
        if (gap.getValue() >= size && (best == null || gap.getValue() < best.getValue())) {
          best = gap;
        }
      }
      if (best != null) {
        long at = best.getKey();
        long left = best.getValue() - size;
        gaps.remove(at);
        if (left > 0) {
          gaps.put(at + size, left);
        }
        return at;
      }
      Map.Entry<Long, Long> last = gaps.lastEntry();
      long at = end;
      if (last != null && last.getKey() + last.getValue() == end) {
        at = last.getKey();
        gaps.remove(at);
      }
      end = at + size;
      return at;
    }

    void free(int v, long at) {
      long from = at;
      long size = Objects.requireNonNull(taken.remove(v));
      Map.Entry<Long, Long> before = gaps.lowerEntry(from);
      if (before != null && before.getKey() + before.getValue() == from) {
        from = before.getKey();
        size += before.getValue();
      }
      Long after = gaps.remove(at + (size - (at - from)));
      if (after != null) {
        size += after;
      }
      gaps.put(from, size);
    }
  }
}
