package dev.peft4j.transformers;

import dev.peft4j.nn.Initial;
import dev.peft4j.nn.Layer;
import dev.peft4j.nn.Module;
import dev.peft4j.nn.Parameter;
import dev.peft4j.tensor.Tensor;

/** A layer norm of each head without bias, with a row of weights for each, as Cohere has it. */
final class RowsNorm extends Module implements Layer {
  private final Parameter weight;
  private final float eps;

  RowsNorm(int heads, int dim, double eps) {
    this.weight = Initial.constant(1, heads, dim);
    this.eps = (float) eps;
  }

  /** Returns the normalised heads of {@code x} (batch, tokens, heads, d). */
  @Override
  public Tensor forward(Tensor x) {
    int d = x.dim(3);
    return x.layerNorm(Tensor.ones(d), Tensor.zeros(d), eps).mul(weight);
  }
}
