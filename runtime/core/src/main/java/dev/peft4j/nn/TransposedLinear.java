package dev.peft4j.nn;

import dev.peft4j.data.Rng;
import dev.peft4j.data.Shape;
import dev.peft4j.data.ShapeException;
import dev.peft4j.tensor.Tensor;
import org.jspecify.annotations.Nullable;

/**
 * A layer x · W + b with the weight transposed compared to {@link Linear}: x (…, in), weight (in,
 * out), bias (out), result (…, out). GPT-2's checkpoints use it, and transformers calls it {@code
 * Conv1D}; a convolution is {@link Conv1d}.
 */
public class TransposedLinear extends WeightedLayer {
  /**
   * Creates a layer with bias, initialised as in transformers: the weight from N(0, 0.02), the bias
   * zero.
   */
  public TransposedLinear(int in, int out) {
    this(in, out, true);
  }

  /** Creates a layer with or without bias. */
  public TransposedLinear(int in, int out, boolean bias) {
    if (in < 1 || out < 1) {
      throw new IllegalArgumentException(
          "TransposedLinear(" + in + ", " + out + "): both sizes must be at least 1");
    }
    super(Initial.normal(Rng.current(), 0.02f, in, out), bias ? Initial.constant(0, out) : null);
  }

  /**
   * Creates a layer of given parameters, which it owns from now on.
   *
   * @param weight (in, out)
   * @param bias (out), or null for none
   */
  public TransposedLinear(Parameter weight, @Nullable Parameter bias) {
    boolean fits = weight.shape().rank() == 2;
    if (!fits || bias != null && !bias.shape().equals(Shape.of(weight.shape().dim(1)))) {
      throw new ShapeException(
          "TransposedLinear: weight of shape "
              + weight.shape()
              + (bias == null ? "" : " and bias of shape " + bias.shape())
              + ": needed (in, out) and (out)");
    }
    super(weight, bias);
  }

  @Override
  protected Tensor base(Tensor x) {
    Parameter bias = bias();
    Tensor y = product(x, weight());
    return bias == null ? y : y.add(bias);
  }

  /**
   * Returns x · W for x (…, in) and W (in, out).
   *
   * @throws ShapeException if the input's last size is not the weight's first
   */
  public static Tensor product(Tensor x, Tensor weight) {
    int in = weight.dim(0);
    if (x.shape().rank() < 1 || x.dim(-1) != in) {
      throw new ShapeException(
          "TransposedLinear: input of shape "
              + x.shape()
              + " and weight of shape "
              + weight.shape()
              + ": the input's last dimension must be "
              + in);
    }
    int[] shape = x.shape().toArray();
    shape[shape.length - 1] = weight.dim(1);
    return x.reshape(-1, in).matmul(weight).reshape(shape);
  }

  /** Returns the number of input features. */
  public int inFeatures() {
    return weight().shape().dim(0);
  }

  /** Returns the number of output features. */
  public int outFeatures() {
    return weight().shape().dim(1);
  }

  @Override
  public boolean isLinear() {
    return true;
  }

  @Override
  protected String extraRepr() {
    return "nf=" + outFeatures() + ", nx=" + inFeatures();
  }

  @Override
  protected String typeName() {
    return "Conv1D";
  }
}
