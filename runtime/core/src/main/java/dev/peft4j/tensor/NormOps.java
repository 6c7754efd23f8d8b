package dev.peft4j.tensor;

import dev.peft4j.graph.Node;
import dev.peft4j.op.LayerNorm;
import dev.peft4j.op.RmsNorm;

/** The normalisations of a {@link Tensor}. */
public sealed interface NormOps permits Tensor {
  /** Returns the graph node that computes this tensor. */
  Node node();

  /**
   * Returns the layer normalisation over the innermost dimension; weight and bias have that size.
   */
  default Tensor layerNorm(Tensor weight, Tensor bias, float eps) {
    return Tensor.of(LayerNorm.of(node(), weight.node(), bias.node(), eps));
  }

  /**
   * Returns the root mean square normalisation over the innermost dimension; the weight has that
   * size.
   */
  default Tensor rmsNorm(Tensor weight, float eps) {
    return Tensor.of(RmsNorm.of(node(), weight.node(), eps));
  }
}
