package dev.peft4j.nn;

import dev.peft4j.tensor.Tensor;

/**
 * Root mean square normalisation over the innermost dimension (torch's {@code nn.RMSNorm}); the
 * weight starts at 1.
 */
public class RmsNorm extends WeightedLayer {
  private final float eps;

  /** Creates a layer for rows of {@code dim} numbers with eps 1e-6. */
  public RmsNorm(int dim) {
    this(dim, 1e-6f);
  }

  /** Creates a layer for rows of {@code dim} numbers. */
  public RmsNorm(int dim, float eps) {
    if (dim < 1) {
      throw new IllegalArgumentException("RmsNorm(" + dim + "): the size must be at least 1");
    }
    super(Initial.constant(1, dim), null);
    this.eps = eps;
  }

  @Override
  protected Tensor base(Tensor x) {
    return normalized(x, weight());
  }

  /**
   * Returns what it computes with another weight.
   *
   * @param weight (dim)
   */
  public Tensor normalized(Tensor x, Tensor weight) {
    return x.rmsNorm(weight, eps);
  }

  @Override
  protected String extraRepr() {
    return ModuleText.tuple(weight().dim(0))
        + ", eps="
        + ModuleText.number(eps)
        + ", elementwise_affine=True";
  }

  @Override
  protected String typeName() {
    return "RMSNorm";
  }
}
