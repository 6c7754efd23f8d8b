package dev.peft4j.nn;

import dev.peft4j.tensor.Tensor;
import org.jspecify.annotations.Nullable;

/**
 * Layer normalisation over the innermost dimension (torch's {@code nn.LayerNorm}); weight starts at
 * 1, bias at 0.
 */
public class LayerNorm extends Module implements Layer {
  private final Parameter weight;
  private final @Nullable Parameter bias;
  private final float eps;

  /** Creates a layer for rows of {@code dim} numbers with eps 1e-5. */
  public LayerNorm(int dim) {
    this(dim, 1e-5f);
  }

  /** Creates a layer for rows of {@code dim} numbers. */
  public LayerNorm(int dim, float eps) {
    this(dim, eps, true);
  }

  /** Creates a layer for rows of {@code dim} numbers, with or without a bias. */
  public LayerNorm(int dim, float eps, boolean bias) {
    if (dim < 1) {
      throw new IllegalArgumentException("LayerNorm(" + dim + "): the size must be at least 1");
    }
    this.weight = Initial.constant(1, dim);
    this.bias = bias ? Initial.constant(0, dim) : null;
    this.eps = eps;
  }

  @Override
  public Tensor forward(Tensor x) {
    Tensor shift = bias == null ? Tensor.zeros(weight.dim(0)) : bias;
    return seen(x.layerNorm(weight, shift, eps));
  }

  @Override
  protected String extraRepr() {
    return ModuleText.tuple(weight.dim(0))
        + ", eps="
        + ModuleText.number(eps)
        + ", elementwise_affine=True, bias="
        + (bias == null ? "False" : "True");
  }
}
