package dev.peft4j.backend.tornado.op;

import dev.peft4j.backend.Strides;
import dev.peft4j.backend.tornado.kernel.KernelCall;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import uk.ac.manchester.tornado.api.KernelContext;
import uk.ac.manchester.tornado.api.common.TornadoFunctions.Task10;
import uk.ac.manchester.tornado.api.common.TornadoFunctions.Task4;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;
import uk.ac.manchester.tornado.api.types.arrays.IntArray;

/** Kernels that move elements and compute nothing: permutations, slices, joins, padding, fills. */
public final class MoveKernels {
  private static final int LOOPS = 4;

  /** Shorter loops do not fill a work group. */
  private static final int SHORT = 16;

  private static final Task4<KernelContext, IntArray, FloatArray, Float> FILL =
      MoveKernels::peftFill;
  private static final Task4<KernelContext, IntArray, FloatArray, FloatArray> COPY =
      MoveKernels::peftCopy;
  private static final Task10<
          KernelContext,
          IntArray,
          FloatArray,
          FloatArray,
          FloatArray,
          FloatArray,
          FloatArray,
          FloatArray,
          FloatArray,
          FloatArray>
      COPY_FOUR = MoveKernels::peftCopyFour;
  private static final Task4<KernelContext, IntArray, FloatArray, FloatArray> MOVE =
      MoveKernels::peftMove;

  private MoveKernels() {}

  /** Returns the call that writes a number {@code n} times. */
  public static KernelCall fill(FloatArray out, int n, float value) {
    return new KernelCall(FILL, List.of(KernelCall.CONTEXT, out, n, value), Grids.items(n));
  }

  /** Returns the call that copies {@code n} elements. */
  public static KernelCall copy(FloatArray x, FloatArray y, int n) {
    return new KernelCall(COPY, List.of(KernelCall.CONTEXT, x, y, n), Grids.items(n));
  }

  /** Returns the calls for several copies, in few tasks. */
  public static List<KernelCall> copies(List<FloatArray> from, List<FloatArray> to, int[] sizes) {
    List<KernelCall> calls = new ArrayList<>();
    int i = 0;
    boolean distinct = new HashSet<>(from).size() == from.size();
    for (; distinct && i + 4 <= sizes.length; i += 4) {
      int most = Arrays.stream(sizes, i, i + 4).max().orElseThrow();
      List<Object> arguments = new ArrayList<>(List.of(KernelCall.CONTEXT));
      arguments.addAll(from.subList(i, i + 4));
      arguments.addAll(to.subList(i, i + 4));
      for (int k = i; k < i + 4; k++) {
        arguments.add(sizes[k]);
      }
      arguments.add(0);
      calls.add(new KernelCall(COPY_FOUR, arguments, Grids.items(most)));
    }
    for (; i < sizes.length; i++) {
      calls.add(copy(from.get(i), to.get(i), sizes[i]));
    }
    return calls;
  }

  /**
   * Copies along loops.
   *
   * @param sizes sizes of the loops, outermost first
   * @param from steps of the source for each loop
   * @param fromStart where the source starts
   * @param to steps of the target for each loop
   * @param toStart where the target starts
   */
  public static List<KernelCall> move(
      FloatArray x, int[] sizes, int[] from, int fromStart, FloatArray y, int[] to, int toStart) {
    Strides loops = Strides.join(sizes, new int[][] {from, to});
    List<KernelCall> calls = new ArrayList<>();
    move(x, loops, 0, fromStart, y, toStart, calls);
    return calls;
  }

  /** More loops than the kernel has become calls. */
  private static void move(
      FloatArray x,
      Strides loops,
      int depth,
      int fromStart,
      FloatArray y,
      int toStart,
      List<KernelCall> calls) {
    int[] sizes = loops.sizes();
    if (sizes.length - depth > LOOPS) {
      for (int i = 0; i < sizes[depth]; i++) {
        int a = fromStart + i * loops.steps()[0][depth];
        int b = toStart + i * loops.steps()[1][depth];
        move(x, loops, depth + 1, a, y, b, calls);
      }
      return;
    }
    // loops 3, 2 and 1 are the axes of the grid; the longest one is along x if the innermost is
    // short
    int[] order = new int[LOOPS];
    for (int i = 0; i < LOOPS; i++) {
      order[i] = sizes.length - LOOPS + i;
    }
    int longest = 0;
    for (int i = 0; i < LOOPS; i++) {
      longest = size(sizes, depth, order[i]) > size(sizes, depth, order[longest]) ? i : longest;
    }
    if (size(sizes, depth, order[LOOPS - 1]) < SHORT) {
      int innermost = order[LOOPS - 1];
      order[LOOPS - 1] = order[longest];
      order[longest] = innermost;
    }
    List<Object> arguments = new ArrayList<>(List.of(KernelCall.CONTEXT, x, y));
    arguments.add(fromStart);
    arguments.add(toStart);
    for (int k : order) {
      arguments.add(size(sizes, depth, k));
    }
    for (int side = 0; side < 2; side++) {
      for (int k : order) {
        arguments.add(k >= depth ? loops.steps()[side][k] : 0);
      }
    }
    int[] n = Arrays.stream(order).map(k -> size(sizes, depth, k)).toArray();
    calls.add(new KernelCall(MOVE, arguments, Grids.box(n[3], n[2], n[1] * n[0])));
  }

  private static int size(int[] sizes, int depth, int loop) {
    return loop >= depth ? sizes[loop] : 1;
  }

  static void peftFill(KernelContext context, IntArray sizes, FloatArray out, float value) {
    int n = sizes.get(0);
    int i = context.globalIdx;
    if (i < n) {
      out.set(i, value);
    }
  }

  static void peftCopy(KernelContext context, IntArray sizes, FloatArray x, FloatArray y) {
    int n = sizes.get(0);
    int i = context.globalIdx;
    if (i < n) {
      y.set(i, x.get(i));
    }
  }

  static void peftCopyFour(
      KernelContext context,
      IntArray sizes,
      FloatArray x0,
      FloatArray x1,
      FloatArray x2,
      FloatArray x3,
      FloatArray y0,
      FloatArray y1,
      FloatArray y2,
      FloatArray y3) {
    int n0 = sizes.get(0);
    int n1 = sizes.get(1);
    int n2 = sizes.get(2);
    int n3 = sizes.get(3);
    int start = sizes.get(4);
    int i = context.globalIdx + start;
    if (i < n0) {
      y0.set(i, x0.get(i));
    }
    if (i < n1) {
      y1.set(i, x1.get(i));
    }
    if (i < n2) {
      y2.set(i, x2.get(i));
    }
    if (i < n3) {
      y3.set(i, x3.get(i));
    }
  }

  static void peftMove(KernelContext context, IntArray sizes, FloatArray x, FloatArray y) {
    int fromStart = sizes.get(0);
    int toStart = sizes.get(1);
    int n1 = sizes.get(3);
    int n3 = sizes.get(5);
    int from0 = sizes.get(6);
    int from1 = sizes.get(7);
    int from2 = sizes.get(8);
    int from3 = sizes.get(9);
    int to0 = sizes.get(10);
    int to1 = sizes.get(11);
    int to2 = sizes.get(12);
    int to3 = sizes.get(13);
    int i3 = context.globalIdx;
    if (i3 < n3) {
      int i2 = context.globalIdy;
      int i1 = context.globalIdz % n1;
      int i0 = context.globalIdz / n1;
      int from = fromStart + i0 * from0 + i1 * from1 + i2 * from2 + i3 * from3;
      int to = toStart + i0 * to0 + i1 * to1 + i2 * to2 + i3 * to3;
      y.set(to, x.get(from));
    }
  }
}
