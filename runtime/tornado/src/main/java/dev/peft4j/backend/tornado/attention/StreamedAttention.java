package dev.peft4j.backend.tornado.attention;

import dev.peft4j.backend.tornado.kernel.KernelCall;
import dev.peft4j.backend.tornado.op.Grids;
import dev.peft4j.data.Shape;
import dev.peft4j.op.Attention;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;
import uk.ac.manchester.tornado.api.types.arrays.IntArray;

/**
 * Attention and its gradient without a matrix of scores, with everything that an {@link Attention}
 * can have: one key after the other goes into the sums of a query, which are scaled down whenever a
 * larger score comes (Milakov and Gimelshein 2018); the gradient computes the scores again (Dao et
 * al. 2022). The kernels are {@link StreamKernels}: the same for all sizes and settings.
 */
public final class StreamedAttention {
  private final Attention op;
  private final int batch;
  private final int queries;
  private final int keys;
  private final int d;
  private final List<Integer> numbers;

  /**
   * The buffers of the inputs.
   *
   * @param mask any buffer if there is none; so is {@code seen}
   * @param settings the result of {@link #settings}, in a buffer
   */
  public record Inputs(
      FloatArray q,
      FloatArray k,
      FloatArray v,
      FloatArray mask,
      IntArray seen,
      FloatArray settings) {}

  /**
   * Creates the calls for one op.
   *
   * @param q shape of the queries
   * @param k shape of the keys and of the values
   * @param mask shape of the mask, or null without one
   * @param seen shape of the integers that say which keys are seen, or null without them
   */
  public StreamedAttention(
      Attention op, Shape q, Shape k, @Nullable Shape mask, @Nullable Shape seen) {
    this.op = op;
    this.batch = q.dim(0);
    this.queries = q.dim(1);
    this.keys = k.dim(1);
    this.d = q.dim(2) / op.heads();
    this.numbers = new ArrayList<>(List.of(op.heads(), op.kvHeads(), queries, keys, d));
    numbers.add(op.causal() ? 1 : 0);
    numbers.add(op.window());
    int perRow = seen == null ? 0 : seen.size() / seen.dim(0);
    numbers.add(seen == null ? 0 : seen.rank() == 1 ? 1 : 2);
    numbers.add(seen == null || seen.dim(0) == 1 ? 0 : perRow);
    for (int step : mask == null ? new int[4] : AttentionCalls.steps(mask)) {
      numbers.add(step);
    }
  }

  /** Returns the numbers that are not whole ones. */
  public float[] settings() {
    return new float[] {op.scale(), op.softcap()};
  }

  /** Returns the call that computes the result. */
  public KernelCall forward(Inputs in, FloatArray out) {
    int n = batch * op.heads() * queries;
    List<Object> arguments = arguments(in, n);
    arguments.add(7, out);
    return new KernelCall(StreamKernels.FORWARD, arguments, Grids.rows(n));
  }

  /** Returns how many numbers {@link #gradient} needs for itself. */
  public int kept() {
    return batch * op.heads() * queries * StreamKernels.KEPT;
  }

  /**
   * Returns the calls that compute the gradients of q, k and v, one after another.
   *
   * @param dOut gradient of the result
   * @param kept of {@link #kept} elements, overwritten
   */
  public List<KernelCall> gradient(Inputs in, FloatArray dOut, FloatArray kept, FloatArray out) {
    int n = batch * op.heads() * queries;
    List<Object> ofQueries = arguments(in, n);
    ofQueries.addAll(7, List.of(dOut, kept, out));
    int ofKeys = batch * op.kvHeads() * keys;
    List<Object> ofKeysAndValues = arguments(in, ofKeys);
    ofKeysAndValues.addAll(7, List.of(dOut, kept, out));
    int start = batch * queries * op.heads() * d;
    ofKeysAndValues.add(start);
    ofKeysAndValues.add(start + batch * keys * op.kvHeads() * d);
    return List.of(
        new KernelCall(StreamKernels.QUERIES, ofQueries, Grids.rows(n)),
        new KernelCall(StreamKernels.KEYS, ofKeysAndValues, Grids.rows(ofKeys)));
  }

  private List<Object> arguments(Inputs in, int items) {
    List<Object> all =
        new ArrayList<>(
            List.of(KernelCall.CONTEXT, in.q, in.k, in.v, in.mask, in.seen, in.settings, items));
    all.addAll(numbers);
    return all;
  }
}
