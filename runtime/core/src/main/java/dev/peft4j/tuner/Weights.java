package dev.peft4j.tuner;

import dev.peft4j.data.Shape;
import dev.peft4j.linalg.LinearAlgebra;
import dev.peft4j.nn.Conv1d;
import dev.peft4j.nn.Conv2d;
import dev.peft4j.nn.Conv3d;
import dev.peft4j.nn.Embedding;
import dev.peft4j.nn.LayerNorm;
import dev.peft4j.nn.Linear;
import dev.peft4j.nn.Module;
import dev.peft4j.nn.Parameter;
import dev.peft4j.nn.RmsNorm;
import dev.peft4j.nn.TransposedLinear;
import dev.peft4j.nn.WeightedLayer;
import dev.peft4j.tensor.Tensor;
import org.jspecify.annotations.Nullable;

/** The operations of tuners on the weight of a layer, whatever the layer's type. */
public final class Weights {
  private Weights() {}

  /**
   * Returns what the layer computes with another weight and bias.
   *
   * @param x the layer's input
   * @param weight of the shape of the layer's
   * @param bias (out), or null
   */
  public static Tensor apply(WeightedLayer layer, Tensor x, Tensor weight, @Nullable Tensor bias) {
    return switch (layer) {
      case TransposedLinear t -> {
        Tensor y = TransposedLinear.product(x, weight);
        yield bias == null ? y : y.add(bias);
      }
      case Embedding e -> weight.embedding(x);
      case LayerNorm n -> n.normalized(x, weight, bias);
      case RmsNorm n -> n.normalized(x, weight);
      case Conv1d c -> Conv1d.convolve(x, weight, bias, c.stride(), c.padding());
      case Conv2d c -> Conv2d.convolve(x, weight, bias, c.window(), c.groups());
      case Conv3d c -> Conv3d.convolve(x, weight, bias, c.stride(), c.padding());
      default -> x.linear(weight, bias);
    };
  }

  /**
   * Returns W · x (…, out) of a linear layer, without its bias. It is taken from what the layer
   * itself computes, so that a program which needs both makes one product.
   */
  public static Tensor product(WeightedLayer layer, Tensor x) {
    Parameter bias = layer.bias();
    Tensor whole = apply(layer, x, layer.weight(), bias);
    return bias == null ? whole : whole.sub(bias);
  }

  /**
   * Throws if the layer is a convolution in groups.
   *
   * @throws IllegalArgumentException naming the layer
   */
  public static void requireOneGroup(String tuner, String path, Module layer) {
    if (layer instanceof Conv2d c && c.groups() > 1) {
      throw new IllegalArgumentException(
          tuner
              + " cannot adapt '"
              + path
              + "', a convolution in "
              + c.groups()
              + " groups; LoRA, IA3 and LoHa can");
    }
  }

  /** Returns the layer's weight as a matrix (out, in), that of a convolution (out, in · kernel). */
  public static Tensor matrix(WeightedLayer layer) {
    Tensor w = layer.weight();
    return layer instanceof TransposedLinear
        ? w.transpose(0, 1)
        : w.shape().rank() == 2 ? w : w.reshape(w.dim(0), -1);
  }

  /** Returns a matrix as {@link #matrix} gives it in the shape of the layer's weight. */
  public static Tensor likeWeight(WeightedLayer layer, Tensor matrix) {
    return layer instanceof TransposedLinear
        ? matrix.transpose(0, 1)
        : matrix.reshape(layer.weight().shape().toArray());
  }

  /** Returns the number of outputs. */
  public static int outputs(WeightedLayer layer) {
    return layer.weight().dim(layer instanceof TransposedLinear ? 1 : 0);
  }

  /** Returns the number of columns of {@link #matrix}. */
  public static int inputs(WeightedLayer layer) {
    Shape w = layer.weight().shape();
    return layer instanceof TransposedLinear ? w.dim(0) : w.product(1, w.rank());
  }

  /** Returns a module as a linear layer, or null if it is neither of the two. */
  public static @Nullable WeightedLayer linear(Module module) {
    return module instanceof Linear || module instanceof TransposedLinear
        ? (WeightedLayer) module
        : null;
  }

  /** Returns the layer's own numbers, row by row of (out, in), whatever adapter is active. */
  public static float[] numbers(WeightedLayer layer) {
    return numbers(layer, layer.weight());
  }

  /** Returns the numbers of what stands for the layer's weight, row by row of (out, in). */
  public static float[] numbers(WeightedLayer layer, Parameter weight) {
    float[] own = weight.ownTensor().toFloats();
    return layer instanceof TransposedLinear
        ? LinearAlgebra.transposed(own, inputs(layer), outputs(layer))
        : own;
  }

  /** Returns the first {@code count} columns of a matrix with rows of {@code columns} numbers. */
  public static float[] firstColumns(float[] matrix, int columns, int count) {
    int rows = columns == 0 ? 0 : matrix.length / columns;
    float[] first = new float[rows * count];
    for (int i = 0; i < rows; i++) {
      System.arraycopy(matrix, i * columns, first, i * count, count);
    }
    return first;
  }
}
