package dev.peft4j.nn;

import dev.peft4j.tensor.Tensor;
import org.jspecify.annotations.Nullable;

/**
 * Layer normalisation over the innermost dimension (torch's {@code nn.LayerNorm}); weight starts at
 * 1, bias at 0.
 */
public class LayerNorm extends WeightedLayer {
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
    super(Initial.constant(1, dim), bias ? Initial.constant(0, dim) : null);
    this.eps = eps;
  }

  @Override
  protected Tensor base(Tensor x) {
    return normalized(x, weight(), bias());
  }

  /**
   * Returns what it computes with another weight and bias.
   *
   * @param weight (dim)
   * @param bias (dim), or null for none
   */
  public Tensor normalized(Tensor x, Tensor weight, @Nullable Tensor bias) {
    return x.layerNorm(weight, bias == null ? Tensor.zeros(weight.dim(0)) : bias, eps);
  }

  @Override
  protected String extraRepr() {
    return ModuleText.tuple(weight().dim(0))
        + ", eps="
        + ModuleText.number(eps)
        + ", elementwise_affine=True, bias="
        + (bias() == null ? "False" : "True");
  }
}
