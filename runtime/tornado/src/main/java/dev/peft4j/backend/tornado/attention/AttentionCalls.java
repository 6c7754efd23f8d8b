package dev.peft4j.backend.tornado.attention;

import dev.peft4j.backend.tornado.kernel.KernelCall;
import dev.peft4j.backend.tornado.product.HeadProduct;
import dev.peft4j.backend.tornado.product.HeadProduct.Heads;
import dev.peft4j.backend.tornado.product.MatrixProduct;
import dev.peft4j.data.Shape;
import dev.peft4j.op.Attention;
import java.util.List;
import org.jspecify.annotations.Nullable;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;

/**
 * Attention and its gradient: products that read the heads where they are, and {@link ScoreKernels}
 * between them. The scores of all heads are in memory that the caller provides.
 */
public final class AttentionCalls {
  /** Scores of 64 MiB; more are not held. */
  private static final long MAX_SCORES = 1 << 24;

  /** Multiplications that are done sooner than kernels for another length are compiled. */
  private static final long FEW = 1 << 20;

  private final MatrixProduct products;
  private final Attention op;
  private final int batch;
  private final int queries;
  private final int keys;
  private final int d;
  private final Heads ofQueries;
  private final Heads ofKeys;
  private final Heads ofScores;
  private final int[] maskSteps;

  /**
   * Creates the calls for one op.
   *
   * @param q shape of the queries
   * @param k shape of the keys and of the values
   * @param mask shape of the mask, or null without one
   */
  public AttentionCalls(
      MatrixProduct products, Attention op, Shape q, Shape k, @Nullable Shape mask) {
    this.products = products;
    this.op = op;
    this.batch = q.dim(0);
    this.queries = q.dim(1);
    this.keys = k.dim(1);
    this.d = q.dim(2) / op.heads();
    this.ofQueries = Heads.sideBySide(queries, op.heads(), d);
    this.ofKeys = Heads.sideBySide(keys, op.kvHeads(), d);
    this.ofScores = Heads.stacked(op.heads(), queries, keys);
    this.maskSteps = mask == null ? new int[0] : steps(mask);
  }

  /** Returns the number of scores of all heads. */
  public int scores() {
    return batch * op.heads() * queries * keys;
  }

  /**
   * Returns true if {@link #forward} is to be used: there are no windows, caps and ranges, the
   * scores are few enough to be held, and so many that products are worth their kernels, which
   * depend on the lengths. Else there is {@link StreamedAttention}.
   */
  public static boolean has(Attention op, Shape q, Shape k) {
    long scores = q.elements() / q.dim(2) * op.heads() * k.dim(1);
    boolean plain = op.window() == 0 && op.softcap() == 0 && !op.ranged();
    return plain && scores <= MAX_SCORES && scores * (q.dim(2) / op.heads()) > FEW;
  }

  /** Returns true if {@link #gradient} is to be used: no heads are shared, either. */
  public static boolean hasGradient(Attention op, Shape q, Shape k) {
    return has(op, q, k) && op.heads() == op.kvHeads();
  }

  /** Elements that the mask goes on by with batch, head, query and key; 0 where it is repeated. */
  static int[] steps(Shape mask) {
    int[] own = mask.strides();
    int[] steps = new int[4];
    for (int i = 1; i <= mask.rank(); i++) {
      steps[4 - i] = mask.dim(-i) == 1 ? 0 : own[own.length - i];
    }
    return steps;
  }

  /**
   * Returns the calls that compute the result from q, k and v.
   *
   * @param mask the mask, or null if its shape was
   * @param p of {@link #scores} elements; gets the probabilities
   */
  public List<KernelCall> forward(
      FloatArray q,
      FloatArray k,
      FloatArray v,
      @Nullable FloatArray mask,
      FloatArray p,
      FloatArray out) {
    return List.of(
        scores(q, k, p),
        probabilities(p, mask),
        product(queries, d, keys, false, false, ofScores, ofKeys, ofQueries, p, v, out));
  }

  /**
   * Returns the calls that compute the gradients of q, k and v, one after another.
   *
   * @param mask the mask, or null if its shape was
   * @param dOut gradient of the result
   * @param p of {@link #scores} elements, as {@code dP}; both are overwritten
   */
  public List<KernelCall> gradient(
      FloatArray q,
      FloatArray k,
      FloatArray v,
      @Nullable FloatArray mask,
      FloatArray dOut,
      FloatArray p,
      FloatArray dP,
      FloatArray out) {
    if (op.heads() != op.kvHeads()) {
      throw new IllegalArgumentException(
          "attention: gradients with shared heads: " + op.heads() + " share " + op.kvHeads());
    }
    int dK = batch * queries * op.heads() * d;
    int dV = dK + batch * keys * op.kvHeads() * d;
    return List.of(
        scores(q, k, p),
        probabilities(p, mask),
        product(keys, d, queries, true, false, ofScores, ofQueries, ofKeys.from(dV), p, dOut, out),
        product(queries, keys, d, false, true, ofQueries, ofKeys, ofScores, dOut, v, dP),
        ScoreKernels.gradient(p, dP, batch * op.heads() * queries, keys, op.scale()),
        product(queries, d, keys, false, false, ofScores, ofKeys, ofQueries, dP, k, out),
        product(keys, d, queries, true, false, ofScores, ofQueries, ofKeys.from(dK), dP, q, out));
  }

  private KernelCall scores(FloatArray q, FloatArray k, FloatArray p) {
    return product(queries, keys, d, false, true, ofQueries, ofKeys, ofScores, q, k, p);
  }

  private KernelCall probabilities(FloatArray p, @Nullable FloatArray mask) {
    int rows = batch * op.heads() * queries;
    // a causal query sees the keys up to its own; the last one sees all
    int first = op.causal() ? 1 + keys - queries : keys;
    int more = op.causal() ? 1 : 0;
    return ScoreKernels.softmax(
        p, mask, rows, op.heads(), queries, keys, first, more, op.scale(), maskSteps);
  }

  private KernelCall product(
      int m,
      int n,
      int k,
      boolean transposeA,
      boolean transposeB,
      Heads headsA,
      Heads headsB,
      Heads headsC,
      FloatArray a,
      FloatArray b,
      FloatArray c) {
    int group = headsB == ofKeys ? op.heads() / op.kvHeads() : 1;
    HeadProduct product =
        new HeadProduct(
            m, n, k, transposeA, transposeB, batch, op.heads(), group, headsA, headsB, headsC);
    return products.multiply(product, a, b, c);
  }
}
