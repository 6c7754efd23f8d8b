package dev.peft4j.backend.tornado.op;

import dev.peft4j.backend.tornado.kernel.KernelCall;
import java.util.List;
import uk.ac.manchester.tornado.api.KernelContext;
import uk.ac.manchester.tornado.api.common.TornadoFunctions.Task4;
import uk.ac.manchester.tornado.api.common.TornadoFunctions.Task5;
import uk.ac.manchester.tornado.api.common.TornadoFunctions.Task7;
import uk.ac.manchester.tornado.api.math.TornadoMath;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;
import uk.ac.manchester.tornado.api.types.arrays.IntArray;
import uk.ac.manchester.tornado.api.types.arrays.LongArray;

/** Kernels that read integers: rows of tables, labels, and the key of a dropout mask. */
public final class LookupKernels {
  private static final Task5<KernelContext, IntArray, FloatArray, IntArray, FloatArray> GATHER =
      LookupKernels::peftGather;
  private static final Task5<KernelContext, IntArray, FloatArray, IntArray, FloatArray> SCATTER =
      LookupKernels::peftScatterAdd;
  private static final Task5<KernelContext, IntArray, FloatArray, IntArray, FloatArray> WRITE =
      LookupKernels::peftWriteRows;
  private static final Task4<KernelContext, IntArray, IntArray, FloatArray> ONE_HOT =
      LookupKernels::peftOneHot;
  private static final Task5<KernelContext, IntArray, LongArray, FloatArray, Float> MASK =
      LookupKernels::peftRandomMask;
  private static final Task5<KernelContext, IntArray, FloatArray, IntArray, FloatArray> LOSS =
      LookupKernels::peftLossRows;
  private static final Task7<
          KernelContext, IntArray, FloatArray, IntArray, FloatArray, FloatArray, FloatArray>
      LOSS_GRAD = LookupKernels::peftLossGrad;

  /** The label on the device of a row that does not count. */
  public static final int IGNORED = -1;

  private LookupKernels() {}

  /** Returns the call that copies the rows of {@code table} (…, n) with {@code count} ids. */
  public static KernelCall gather(FloatArray table, IntArray ids, FloatArray y, int count, int n) {
    return new KernelCall(
        GATHER, List.of(KernelCall.CONTEXT, table, ids, y, count * n, n), Grids.items(count * n));
  }

  /**
   * Returns the call that adds {@code count} rows of n to the rows that the ids name of a table of
   * zeros.
   */
  public static KernelCall scatterAdd(
      FloatArray x, IntArray ids, FloatArray table, int count, int n) {
    return new KernelCall(
        SCATTER, List.of(KernelCall.CONTEXT, x, ids, table, count, n), Grids.items(n));
  }

  /** Returns the call that replaces the rows that the ids name by the {@code total / n} of x. */
  public static KernelCall writeRows(
      FloatArray x, IntArray ids, FloatArray table, int total, int n) {
    return new KernelCall(
        WRITE, List.of(KernelCall.CONTEXT, x, ids, table, total, n), Grids.items(total));
  }

  /**
   * Returns the call that writes, for each of {@code count} labels, zeros and a one at the label.
   */
  public static KernelCall oneHot(IntArray labels, FloatArray y, int count, int classes) {
    int n = count * classes;
    return new KernelCall(
        ONE_HOT, List.of(KernelCall.CONTEXT, labels, y, n, classes, 0), Grids.items(n));
  }

  /** Returns the call that computes the mask of {@link dev.peft4j.op.RandomMask}. */
  public static KernelCall randomMask(LongArray key, FloatArray y, int n, float p) {
    return new KernelCall(MASK, List.of(KernelCall.CONTEXT, key, y, n, p), Grids.items(n));
  }

  /**
   * Returns the call that computes the negative log-likelihood of each row's label, 0 for rows that
   * do not count.
   */
  public static KernelCall lossRows(
      FloatArray x, IntArray labels, FloatArray losses, int rows, int classes) {
    return new KernelCall(
        LOSS, List.of(KernelCall.CONTEXT, x, labels, losses, rows, classes), Grids.rows(rows));
  }

  /** Returns the call that computes (softmax - one-hot) / max(count, 1) · dL. */
  public static KernelCall lossGrad(
      FloatArray x,
      IntArray labels,
      FloatArray dl,
      FloatArray count,
      FloatArray dx,
      int rows,
      int classes) {
    return new KernelCall(
        LOSS_GRAD,
        List.of(KernelCall.CONTEXT, x, labels, dl, count, dx, rows, classes),
        Grids.rows(rows));
  }

  static void peftGather(
      KernelContext context, IntArray sizes, FloatArray table, IntArray ids, FloatArray y) {
    int total = sizes.get(0);
    int n = sizes.get(1);
    int i = context.globalIdx;
    if (i < total) {
      y.set(i, table.get(ids.get(i / n) * n + i % n));
    }
  }

  static void peftWriteRows(
      KernelContext context, IntArray sizes, FloatArray x, IntArray ids, FloatArray table) {
    int total = sizes.get(0);
    int n = sizes.get(1);
    int i = context.globalIdx;
    if (i < total) {
      table.set(ids.get(i / n) * n + i % n, x.get(i));
    }
  }

  /** One work item a column, so that the order of the sums is always the same. */
  static void peftScatterAdd(
      KernelContext context, IntArray sizes, FloatArray x, IntArray ids, FloatArray table) {
    int count = sizes.get(0);
    int n = sizes.get(1);
    int k = context.globalIdx;
    if (k < n) {
      for (int i = 0; i < count; i++) {
        int to = ids.get(i) * n + k;
        table.set(to, table.get(to) + x.get(i * n + k));
      }
    }
  }

  static void peftOneHot(KernelContext context, IntArray sizes, IntArray labels, FloatArray y) {
    int total = sizes.get(0);
    int classes = sizes.get(1);
    int start = sizes.get(2);
    int i = context.globalIdx + start;
    if (i < total) {
      y.set(i, labels.get(i / classes) == i % classes ? 1f : 0f);
    }
  }

  static void peftRandomMask(
      KernelContext context, IntArray sizes, LongArray key, FloatArray y, float p) {
    int n = sizes.get(0);
    int i = context.globalIdx;
    if (i < n) {
      long z = key.get(0) + 0x9E3779B97F4A7C15L * (i + 1L);
      // shifts are signed on the device: what comes in from the left is masked out
      z = (z ^ ((z >> 30) & 0x3FFFFFFFFL)) * 0xBF58476D1CE4E5B9L;
      z = (z ^ ((z >> 27) & 0x1FFFFFFFFFL)) * 0x94D049BB133111EBL;
      z = z ^ ((z >> 31) & 0x1FFFFFFFFL);
      int bits = (int) ((z >> 40) & 0xFFFFFFL);
      y.set(i, bits * 0x1.0p-24f < p ? 0f : 1f / (1f - p));
    }
  }

  static void peftLossRows(
      KernelContext context, IntArray sizes, FloatArray x, IntArray labels, FloatArray losses) {
    int rows = sizes.get(0);
    int classes = sizes.get(1);
    int r = context.globalIdx;
    if (r < rows) {
      int label = labels.get(r);
      float loss = 0;
      if (label >= 0) {
        int at = r * classes;
        float most = x.get(at);
        for (int i = 1; i < classes; i++) {
          float v = x.get(at + i);
          most = v > most ? v : most;
        }
        float sum = 0;
        for (int i = 0; i < classes; i++) {
          sum += TornadoMath.exp(x.get(at + i) - most);
        }
        loss = TornadoMath.log(sum) - (x.get(at + label) - most);
      }
      losses.set(r, loss);
    }
  }

  static void peftLossGrad(
      KernelContext context,
      IntArray sizes,
      FloatArray x,
      IntArray labels,
      FloatArray dl,
      FloatArray count,
      FloatArray dx) {
    int rows = sizes.get(0);
    int classes = sizes.get(1);
    int r = context.globalIdx;
    if (r < rows) {
      int label = labels.get(r);
      int at = r * classes;
      if (label >= 0) {
        float share = dl.get(0) / count.get(0);
        float most = x.get(at);
        for (int i = 1; i < classes; i++) {
          float v = x.get(at + i);
          most = v > most ? v : most;
        }
        float sum = 0;
        for (int i = 0; i < classes; i++) {
          sum += TornadoMath.exp(x.get(at + i) - most);
        }
        for (int i = 0; i < classes; i++) {
          float p = TornadoMath.exp(x.get(at + i) - most) / sum;
          dx.set(at + i, (p - (i == label ? 1f : 0f)) * share);
        }
      } else {
        for (int i = 0; i < classes; i++) {
          dx.set(at + i, 0f);
        }
      }
    }
  }
}
