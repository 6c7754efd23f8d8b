package dev.peft4j.nn;

import dev.peft4j.tensor.Tensor;

/**
 * Layer normalisation over the innermost dimension (torch's {@code nn.LayerNorm}); weight starts at
 * 1, bias at 0.
 */
public class LayerNorm extends Module implements Layer {
  private final Parameter weight;
  private final Parameter bias;
  private final float eps;

  /** Creates a layer for rows of {@code dim} numbers with eps 1e-5. */
  public LayerNorm(int dim) {
    this(dim, 1e-5f);
  }

  /** Creates a layer for rows of {@code dim} numbers. */
  public LayerNorm(int dim, float eps) {
    if (dim < 1) {
      throw new IllegalArgumentException("LayerNorm(" + dim + "): the size must be at least 1");
    }
    this.weight = Initial.constant(1, dim);
    this.bias = Initial.constant(0, dim);
    this.eps = eps;
  }

  @Override
  public Tensor forward(Tensor x) {
    return seen(x.layerNorm(weight, bias, eps));
  }

  @Override
  protected String extraRepr() {
    return ModuleText.tuple(weight.dim(0))
        + ", eps="
        + ModuleText.number(eps)
        + ", elementwise_affine=True, bias=True";
  }
}
