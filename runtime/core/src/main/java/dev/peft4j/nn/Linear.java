package dev.peft4j.nn;

import dev.peft4j.data.Rng;
import dev.peft4j.data.Shape;
import dev.peft4j.data.ShapeException;
import dev.peft4j.tensor.Tensor;
import org.jspecify.annotations.Nullable;

/**
 * x · Wᵀ + b (torch's {@code nn.Linear}): x (…, in), weight (out, in), bias (out), result (…, out).
 */
public class Linear extends WeightedLayer {
  /** Creates a layer with bias, initialised as in torch: weight and bias uniform in ±1/√in. */
  public Linear(int in, int out) {
    this(in, out, true);
  }

  /** Creates a layer with or without bias. */
  public Linear(int in, int out, boolean bias) {
    if (in < 1 || out < 1) {
      throw new IllegalArgumentException(
          "Linear(" + in + ", " + out + "): both sizes must be at least 1");
    }
    Rng rng = Rng.current();
    super(Initial.kaimingUniform(rng, out, in), bias ? Initial.bias(rng, in, out) : null);
  }

  /**
   * Creates a layer of given parameters, which it owns from now on.
   *
   * @param weight (out, in)
   * @param bias (out), or null for none
   */
  public Linear(Parameter weight, @Nullable Parameter bias) {
    boolean fits = weight.shape().rank() == 2;
    if (!fits || bias != null && !bias.shape().equals(Shape.of(weight.shape().dim(0)))) {
      throw new ShapeException(
          "Linear: weight of shape "
              + weight.shape()
              + (bias == null ? "" : " and bias of shape " + bias.shape())
              + ": needed (out, in) and (out)");
    }
    super(weight, bias);
  }

  @Override
  protected Tensor base(Tensor x) {
    return x.linear(weight(), bias());
  }

  /** Returns the number of input features. */
  public int inFeatures() {
    return weight().shape().dim(1);
  }

  /** Returns the number of output features. */
  public int outFeatures() {
    return weight().shape().dim(0);
  }

  @Override
  public boolean isLinear() {
    return true;
  }

  @Override
  protected String extraRepr() {
    return ModuleText.linear(inFeatures(), outFeatures(), bias() != null);
  }
}
