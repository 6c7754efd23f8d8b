package dev.peft4j.nn;

import dev.peft4j.tensor.Tensor;

/**
 * Root mean square normalisation over the innermost dimension (torch's {@code nn.RMSNorm}); the
 * weight starts at 1.
 */
public class RmsNorm extends Module implements Layer {
  private final Parameter weight;
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
    this.weight = Initial.constant(1, dim);
    this.eps = eps;
  }

  @Override
  public Tensor forward(Tensor x) {
    return seen(x.rmsNorm(weight, eps));
  }

  @Override
  protected String extraRepr() {
    return ModuleText.tuple(weight.dim(0))
        + ", eps="
        + ModuleText.number(eps)
        + ", elementwise_affine=True";
  }

  @Override
  protected String typeName() {
    return "RMSNorm";
  }
}
