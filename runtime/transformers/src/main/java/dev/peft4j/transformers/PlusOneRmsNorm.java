package dev.peft4j.transformers;

import dev.peft4j.nn.Initial;
import dev.peft4j.nn.Layer;
import dev.peft4j.nn.Module;
import dev.peft4j.nn.Parameter;
import dev.peft4j.tensor.Tensor;

/** Gemma's norm: root mean square normalisation times 1 + w; the weight starts at 0. */
public final class PlusOneRmsNorm extends Module implements Layer {
  private final Parameter weight;
  private final float eps;

  PlusOneRmsNorm(int dim, float eps) {
    this.weight = Initial.constant(0, dim);
    this.eps = eps;
  }

  @Override
  public Tensor forward(Tensor x) {
    return x.rmsNorm(weight.add(1), eps);
  }

  @Override
  protected String extraRepr() {
    return "(" + weight.dim(0) + ",), eps=" + eps;
  }
}
