package dev.peft4j.tuner;

import dev.peft4j.nn.Conv1d;
import dev.peft4j.nn.Conv2d;
import dev.peft4j.nn.Conv3d;
import dev.peft4j.nn.Embedding;
import dev.peft4j.nn.LayerNorm;
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
      case Conv2d c -> x.conv2d(weight, bias, c.window());
      case Conv3d c -> Conv3d.convolve(x, weight, bias, c.stride(), c.padding());
      default -> x.linear(weight, bias);
    };
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
    return layer.weight().shape().size() / outputs(layer);
  }
}
