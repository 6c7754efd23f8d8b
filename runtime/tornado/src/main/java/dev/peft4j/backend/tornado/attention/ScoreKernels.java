package dev.peft4j.backend.tornado.attention;

import dev.peft4j.backend.tornado.kernel.KernelCall;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import uk.ac.manchester.tornado.api.KernelContext;
import uk.ac.manchester.tornado.api.WorkerGrid;
import uk.ac.manchester.tornado.api.WorkerGrid1D;
import uk.ac.manchester.tornado.api.common.TornadoFunctions.Task4;
import uk.ac.manchester.tornado.api.common.TornadoFunctions.Task5;
import uk.ac.manchester.tornado.api.math.TornadoMath;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;
import uk.ac.manchester.tornado.api.types.arrays.IntArray;

/** Kernels over the scores of attention, (batch, heads, queries, keys); one item computes a row. */
final class ScoreKernels {
  private static final int GROUP = 16;

  private static final Task4<KernelContext, IntArray, FloatArray, Float> SOFTMAX =
      ScoreKernels::peftScores;
  private static final Task5<KernelContext, IntArray, FloatArray, FloatArray, Float> MASKED =
      ScoreKernels::peftScoresMasked;
  private static final Task5<KernelContext, IntArray, FloatArray, FloatArray, Float> GRADIENT =
      ScoreKernels::peftScoresGradient;

  private ScoreKernels() {}

  /**
   * softmax(p · scale + mask) in place.
   *
   * @param first keys that the first query sees
   * @param more by how many keys each further one sees more
   * @param steps of the mask along batch, heads, queries and keys
   */
  static KernelCall softmax(
      FloatArray p,
      @Nullable FloatArray mask,
      int rows,
      int heads,
      int queries,
      int keys,
      int first,
      int more,
      float scale,
      int[] steps) {
    List<Object> arguments = new ArrayList<>(List.of(KernelCall.CONTEXT, p));
    if (mask != null) {
      arguments.add(mask);
    }
    arguments.addAll(List.of(rows, queries, keys, first, more, scale));
    if (mask != null) {
      arguments.add(heads);
      for (int step : steps) {
        arguments.add(step);
      }
    }
    return new KernelCall(mask == null ? SOFTMAX : MASKED, arguments, grid(rows));
  }

  /** Gradient of the scores, in place of that of the probabilities. */
  static KernelCall gradient(FloatArray p, FloatArray dP, int rows, int keys, float scale) {
    return new KernelCall(
        GRADIENT, List.of(KernelCall.CONTEXT, p, dP, rows, keys, scale), grid(rows));
  }

  private static WorkerGrid grid(int rows) {
    WorkerGrid grid = new WorkerGrid1D((rows + GROUP - 1) / GROUP * GROUP);
    grid.setLocalWork(GROUP, 1, 1);
    return grid;
  }

  static void peftScores(KernelContext context, IntArray sizes, FloatArray p, float scale) {
    int rows = sizes.get(0);
    int queries = sizes.get(1);
    int keys = sizes.get(2);
    int first = sizes.get(3);
    int more = sizes.get(4);
    int r = context.globalIdx;
    if (r < rows) {
      int visible = Math.min(keys, first + r % queries * more);
      for (int j = 0; j < visible; j++) {
        p.set(r * keys + j, p.get(r * keys + j) * scale);
      }
      softmax(p, r * keys, visible, keys);
    }
  }

  static void peftScoresMasked(
      KernelContext context, IntArray sizes, FloatArray p, FloatArray mask, float scale) {
    int rows = sizes.get(0);
    int queries = sizes.get(1);
    int keys = sizes.get(2);
    int first = sizes.get(3);
    int more = sizes.get(4);
    int heads = sizes.get(5);
    int step0 = sizes.get(6);
    int step1 = sizes.get(7);
    int step2 = sizes.get(8);
    int step3 = sizes.get(9);
    int r = context.globalIdx;
    if (r < rows) {
      int query = r % queries;
      int head = r / queries % heads;
      int from = r / queries / heads * step0 + head * step1 + query * step2;
      int visible = Math.min(keys, first + query * more);
      for (int j = 0; j < visible; j++) {
        p.set(r * keys + j, p.get(r * keys + j) * scale + mask.get(from + j * step3));
      }
      softmax(p, r * keys, visible, keys);
    }
  }

  /** Of a row that sees nothing all is 0, as of one whose scores are all -infinity. */
  private static void softmax(FloatArray p, int at, int visible, int keys) {
    float most = -3.4028235e38f;
    for (int j = 0; j < visible; j++) {
      float v = p.get(at + j);
      most = v > most ? v : most;
    }
    for (int j = 0; j < visible; j++) {
      p.set(at + j, TornadoMath.exp(p.get(at + j) - most));
    }
    float sum = 0;
    for (int j = 0; j < visible; j++) {
      sum += p.get(at + j);
    }
    // no key is seen: the largest of those that are adds 1
    float whole = sum == 0 ? 1 : sum;
    for (int j = 0; j < visible; j++) {
      p.set(at + j, p.get(at + j) / whole);
    }
    for (int j = Math.max(visible, 0); j < keys; j++) {
      p.set(at + j, 0f);
    }
  }

  static void peftScoresGradient(
      KernelContext context, IntArray sizes, FloatArray p, FloatArray dP, float scale) {
    int rows = sizes.get(0);
    int keys = sizes.get(1);
    int r = context.globalIdx;
    if (r < rows) {
      float sum = 0;
      for (int j = 0; j < keys; j++) {
        sum += p.get(r * keys + j) * dP.get(r * keys + j);
      }
      for (int j = 0; j < keys; j++) {
        int at = r * keys + j;
        dP.set(at, p.get(at) * (dP.get(at) - sum) * scale);
      }
    }
  }
}
