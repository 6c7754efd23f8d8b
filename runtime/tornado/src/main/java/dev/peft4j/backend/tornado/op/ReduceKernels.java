package dev.peft4j.backend.tornado.op;

import dev.peft4j.backend.tornado.kernel.KernelCall;
import dev.peft4j.data.Shape;
import java.util.ArrayList;
import java.util.List;
import java.util.function.IntFunction;
import uk.ac.manchester.tornado.api.KernelContext;
import uk.ac.manchester.tornado.api.common.TornadoFunctions.Task4;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;
import uk.ac.manchester.tornado.api.types.arrays.IntArray;

/** Sums and maxima over dimensions. */
public final class ReduceKernels {
  /** Fewer results than this do not fill a device, so that long sums are cut into parts. */
  private static final int FEW = 256;

  private static final int LONG = 2048;

  private static final Task4<KernelContext, IntArray, FloatArray, FloatArray> SUM =
      ReduceKernels::peftSumPart;
  private static final Task4<KernelContext, IntArray, FloatArray, FloatArray> MAX =
      ReduceKernels::peftMaxPart;

  private ReduceKernels() {}

  /**
   * Returns the calls that reduce {@code x} to {@code target}, a shape that broadcasts to {@code
   * shape}.
   *
   * @param scratch returns a buffer of a number of elements
   */
  public static List<KernelCall> reduce(
      boolean max,
      FloatArray x,
      Shape shape,
      FloatArray out,
      Shape target,
      IntFunction<FloatArray> scratch) {
    List<int[]> groups = groups(shape, target);
    List<KernelCall> calls = new ArrayList<>();
    FloatArray from = x;
    for (int g = groups.size() - 1; g >= 0; g--) {
      if (groups.get(g)[1] == 0) {
        continue;
      }
      int outer = product(groups, 0, g);
      int n = groups.get(g)[0];
      int inner = product(groups, g + 1, groups.size());
      groups.set(g, new int[] {1, 0});
      boolean last = groups.stream().allMatch(group -> group[1] == 0);
      if (outer * inner < FEW && n >= LONG) {
        int parts = (int) Math.sqrt(n);
        FloatArray partial = scratch.apply(outer * parts * inner);
        calls.add(call(max, from, partial, outer, n, inner, parts));
        from = partial;
        n = parts;
      }
      FloatArray to = last ? out : scratch.apply(outer * inner);
      calls.add(call(max, from, to, outer, n, inner, 1));
      from = to;
    }
    if (calls.isEmpty()) {
      calls.add(MoveKernels.copy(x, out, shape.size()));
    }
    return calls;
  }

  /** Neighbouring dimensions that are all kept or all reduced: their size, and 1 if reduced. */
  private static List<int[]> groups(Shape shape, Shape target) {
    List<int[]> groups = new ArrayList<>();
    int missing = shape.rank() - target.rank();
    for (int i = 0; i < shape.rank(); i++) {
      if (shape.dim(i) == 1) {
        continue;
      }
      int reduced = i < missing || target.dim(i - missing) == 1 ? 1 : 0;
      if (!groups.isEmpty() && groups.getLast()[1] == reduced) {
        groups.getLast()[0] *= shape.dim(i);
      } else {
        groups.add(new int[] {shape.dim(i), reduced});
      }
    }
    return groups;
  }

  private static int product(List<int[]> groups, int from, int to) {
    int p = 1;
    for (int i = from; i < to; i++) {
      p *= groups.get(i)[0];
    }
    return p;
  }

  private static KernelCall call(
      boolean max, FloatArray x, FloatArray y, int outer, int n, int inner, int parts) {
    return new KernelCall(
        max ? MAX : SUM,
        List.of(KernelCall.CONTEXT, x, y, outer * parts * inner, n, inner, parts),
        n >= 16 ? Grids.rows(outer * parts * inner) : Grids.items(outer * parts * inner));
  }

  /** (outer, n, inner) to (outer, parts, inner): each part sums a piece of n. */
  static void peftSumPart(KernelContext context, IntArray sizes, FloatArray x, FloatArray y) {
    int results = sizes.get(0);
    int n = sizes.get(1);
    int inner = sizes.get(2);
    int parts = sizes.get(3);
    int i = context.globalIdx;
    if (i < results) {
      int column = i % inner;
      int part = (i / inner) % parts;
      int row = i / inner / parts;
      int length = (n + parts - 1) / parts;
      int start = part * length;
      int end = start + length < n ? start + length : n;
      float total = 0;
      // sums of sums: the rounding errors of a long sum would add up
      for (int from = start; from < end; from += 64) {
        int to = from + 64 < end ? from + 64 : end;
        float sum = 0;
        for (int j = from; j < to; j++) {
          sum += x.get((row * n + j) * inner + column);
        }
        total += sum;
      }
      y.set(i, total);
    }
  }

  /** The same with the largest element, NaN if one is. */
  @SuppressWarnings("IdentityBinaryExpression") // NaN; a kernel calls no library
  static void peftMaxPart(KernelContext context, IntArray sizes, FloatArray x, FloatArray y) {
    int results = sizes.get(0);
    int n = sizes.get(1);
    int inner = sizes.get(2);
    int parts = sizes.get(3);
    int i = context.globalIdx;
    if (i < results) {
      int column = i % inner;
      int part = (i / inner) % parts;
      int row = i / inner / parts;
      int length = (n + parts - 1) / parts;
      // a part beyond the end looks at the last element again
      int start = part * length < n ? part * length : n - 1;
      int end = start + length < n ? start + length : n;
      float most = x.get((row * n + start) * inner + column);
      for (int j = start + 1; j < end; j++) {
        float v = x.get((row * n + j) * inner + column);
        most = v > most || v != v ? v : most;
      }
      y.set(i, most);
    }
  }
}
