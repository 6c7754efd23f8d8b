package dev.peft4j.backend.tornado.op;

import dev.peft4j.backend.Strides;
import dev.peft4j.backend.tornado.kernel.KernelCall;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import uk.ac.manchester.tornado.api.KernelContext;
import uk.ac.manchester.tornado.api.common.TornadoFunctions.Task14;
import uk.ac.manchester.tornado.api.common.TornadoFunctions.Task18;
import uk.ac.manchester.tornado.api.common.TornadoFunctions.Task4;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;

/** What moves elements and computes nothing: permutations, slices, joins, padding, fills. */
public final class MoveKernels {
  private static final int LOOPS = 4;

  private static final Task4<KernelContext, FloatArray, Integer, Float> FILL =
      MoveKernels::peftFill;
  private static final Task4<KernelContext, FloatArray, FloatArray, Integer> COPY =
      MoveKernels::peftCopy;
  private static final Task14<
          KernelContext,
          FloatArray,
          FloatArray,
          FloatArray,
          FloatArray,
          FloatArray,
          FloatArray,
          FloatArray,
          FloatArray,
          Integer,
          Integer,
          Integer,
          Integer,
          Integer>
      COPY_FOUR = MoveKernels::peftCopyFour;
  private static final Task18<
          KernelContext,
          FloatArray,
          FloatArray,
          Integer,
          Integer,
          Integer,
          Integer,
          Integer,
          Integer,
          Integer,
          Integer,
          Integer,
          Integer,
          Integer,
          Integer,
          Integer,
          Integer,
          Integer>
      MOVE = MoveKernels::peftMove;

  private MoveKernels() {}

  /** {@code n} times a number. */
  public static KernelCall fill(FloatArray out, int n, float value) {
    return new KernelCall(FILL, List.of(KernelCall.CONTEXT, out, n, value), Grids.items(n));
  }

  /** {@code n} elements as they are. */
  public static KernelCall copy(FloatArray x, FloatArray y, int n) {
    return new KernelCall(COPY, List.of(KernelCall.CONTEXT, x, y, n), Grids.items(n));
  }

  /** Several copies in few tasks. */
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
    int total = 1;
    Object[] arguments = new Object[18];
    arguments[0] = KernelCall.CONTEXT;
    arguments[1] = x;
    arguments[2] = y;
    arguments[4] = fromStart;
    arguments[5] = toStart;
    for (int i = 0; i < LOOPS; i++) {
      int k = sizes.length - LOOPS + i;
      boolean there = k >= depth;
      arguments[6 + i] = there ? sizes[k] : 1;
      arguments[10 + i] = there ? loops.steps()[0][k] : 0;
      arguments[14 + i] = there ? loops.steps()[1][k] : 0;
      total *= there ? sizes[k] : 1;
    }
    arguments[3] = total;
    calls.add(new KernelCall(MOVE, List.of(arguments), Grids.items(total)));
  }

  static void peftFill(KernelContext context, FloatArray out, int n, float value) {
    int i = context.globalIdx;
    if (i < n) {
      out.set(i, value);
    }
  }

  static void peftCopy(KernelContext context, FloatArray x, FloatArray y, int n) {
    int i = context.globalIdx;
    if (i < n) {
      y.set(i, x.get(i));
    }
  }

  static void peftCopyFour(
      KernelContext context,
      FloatArray x0,
      FloatArray x1,
      FloatArray x2,
      FloatArray x3,
      FloatArray y0,
      FloatArray y1,
      FloatArray y2,
      FloatArray y3,
      int n0,
      int n1,
      int n2,
      int n3,
      int start) {
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

  static void peftMove(
      KernelContext context,
      FloatArray x,
      FloatArray y,
      int n,
      int fromStart,
      int toStart,
      int n0,
      int n1,
      int n2,
      int n3,
      int from0,
      int from1,
      int from2,
      int from3,
      int to0,
      int to1,
      int to2,
      int to3) {
    int i = context.globalIdx;
    if (i < n) {
      int i3 = i % n3;
      int i2 = i / n3 % n2;
      int i1 = i / n3 / n2 % n1;
      int i0 = i / n3 / n2 / n1 % n0;
      int from = fromStart + i0 * from0 + i1 * from1 + i2 * from2 + i3 * from3;
      int to = toStart + i0 * to0 + i1 * to1 + i2 * to2 + i3 * to3;
      y.set(to, x.get(from));
    }
  }
}
