package dev.peft4j.nn;

import dev.peft4j.data.Rng;
import dev.peft4j.tensor.Tensor;
import org.jspecify.annotations.Nullable;

/**
 * Attention of several heads (Vaswani et al. 2017; torch's {@code nn.MultiheadAttention} with
 * {@code batch_first}): queries (batch, queries, dim), keys and values (batch, keys, dim), result
 * (batch, queries, dim). The projections of queries, keys and values are one weight, {@code
 * in_proj_weight} (3 · dim, dim).
 */
public class MultiheadAttention extends Module implements Adaptable {
  private final Parameter inProjWeight;
  private final Parameter inProjBias;
  private final Linear outProj;
  private final int heads;
  private final AdapterSlot slot = new AdapterSlot();

  /**
   * Creates a layer, initialised as in torch: the projections from ±√(6 / (4 · dim)) (Glorot and
   * Bengio 2010), biases 0.
   *
   * @throws IllegalArgumentException if the heads do not divide {@code dim}
   */
  public MultiheadAttention(int dim, int heads) {
    if (dim < 1 || heads < 1 || dim % heads != 0) {
      throw new IllegalArgumentException(
          "MultiheadAttention(" + dim + ", " + heads + "): the heads must divide the dimension");
    }
    Rng rng = Rng.current();
    float bound = (float) Math.sqrt(6.0 / (4 * dim));
    this.inProjWeight = new Parameter(rng.uniform(3 * dim * dim, -bound, bound), 3 * dim, dim);
    this.inProjBias = Initial.constant(0, 3 * dim);
    this.outProj = new Linear(Initial.kaimingUniform(rng, dim, dim), Initial.constant(0, dim));
    this.heads = heads;
  }

  /** Returns the attention of {@code x} to itself. */
  public Tensor forward(Tensor x, @Nullable Tensor mask, boolean causal) {
    return forward(x, x, x, mask, causal);
  }

  /**
   * Returns the attention of queries to keys.
   *
   * @param mask additive, broadcasts to (batch, heads, queries, keys), or null
   * @param causal whether a query sees only keys that are not later
   */
  public Tensor forward(
      Tensor query, Tensor key, Tensor value, @Nullable Tensor mask, boolean causal) {
    Tensor weight = Tensor.of(inProjWeight.node()); // read once: an adapter computes it
    Tensor joined =
        Tensor.attention(
            project(query, weight, 0),
            project(key, weight, 1),
            project(value, weight, 2),
            mask,
            heads,
            heads,
            causal);
    return seen(outProj.forward(joined));
  }

  /** Returns the weight of queries, keys and values, (3 · dim, dim). */
  public Parameter inProjWeight() {
    return inProjWeight;
  }

  /** Returns the layer of the result. */
  public Linear outProj() {
    return outProj;
  }

  /** Returns the slot of adapters; they change the weights, nothing acts around the layer. */
  @Override
  public AdapterSlot slot() {
    return slot;
  }

  private Tensor project(Tensor x, Tensor weight, int part) {
    int dim = inProjWeight.dim(1);
    return x.linear(
        weight.slice(0, part * dim, (part + 1) * dim),
        inProjBias.slice(0, part * dim, (part + 1) * dim));
  }
}
