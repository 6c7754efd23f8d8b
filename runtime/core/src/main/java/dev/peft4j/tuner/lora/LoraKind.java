package dev.peft4j.tuner.lora;

import dev.peft4j.nn.Conv1d;
import dev.peft4j.nn.Conv2d;
import dev.peft4j.nn.Conv3d;
import dev.peft4j.nn.Embedding;
import dev.peft4j.nn.Linear;
import dev.peft4j.nn.Module;
import dev.peft4j.nn.MultiheadAttention;
import dev.peft4j.nn.Parameter;
import dev.peft4j.nn.TransposedLinear;
import dev.peft4j.nn.WeightedLayer;
import dev.peft4j.op.Window;
import dev.peft4j.tensor.Tensor;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * How two thin matrices stand beside the weight of one kind of layer; what {@link LoraLayer} needs
 * to know about it.
 */
sealed interface LoraKind {
  /** The kinds of layers that there are. */
  List<Class<? extends Module>> TYPES =
      List.of(
          Linear.class,
          TransposedLinear.class,
          Embedding.class,
          Conv1d.class,
          Conv2d.class,
          Conv3d.class,
          MultiheadAttention.class);

  /** The kind of a layer, or null if LoRA cannot adapt it. */
  static @Nullable LoraKind of(Module layer) {
    return switch (layer) {
      case Linear l -> new OfLinear(l);
      case TransposedLinear l -> new OfTransposed(l);
      case Embedding e -> new OfEmbedding(e);
      case Conv1d c -> new OfConv1d(c);
      case Conv2d c -> new OfConv2d(c);
      case Conv3d c -> new OfConv3d(c);
      default -> null;
    };
  }

  /** The layer. */
  WeightedLayer layer();

  /** The layer's weight. */
  default Parameter weight() {
    return layer().weight();
  }

  /** The layer's bias, or null. */
  default @Nullable Parameter bias() {
    return layer().bias();
  }

  /** Shape of A for a rank. */
  int[] shapeOfA(int r);

  /** Shape of B for a rank. */
  int[] shapeOfB(int r);

  /** The layer without its bias. */
  Tensor plain(Tensor x);

  /** B of A of x, plus {@code bias} (out) unless it is null. */
  Tensor apply(Tensor x, Tensor a, Tensor b, @Nullable Tensor bias);

  /** Whether there is a weight that computes the same. */
  default boolean merges() {
    return true;
  }

  /** B · A in the layout of the weight. */
  Tensor delta(Tensor a, Tensor b);

  /**
   * The norm of {@code w}, of the weight's layout, for each output; in the shape that peft gives
   * DoRA's magnitudes.
   */
  Tensor norm(Tensor w);

  /** What has the shape of {@link #norm}, so that it broadcasts over the layer's result. */
  default Tensor overResult(Tensor perOutput) {
    return perOutput;
  }

  /** What has the shape of {@link #norm}, so that it broadcasts over the weight. */
  Tensor overWeight(Tensor perOutput);

  /** x (…, in), W (out, in), A (r, in), B (out, r). */
  record OfLinear(Linear layer) implements LoraKind {
    @Override
    public int[] shapeOfA(int r) {
      return new int[] {r, layer.inFeatures()};
    }

    @Override
    public int[] shapeOfB(int r) {
      return new int[] {layer.outFeatures(), r};
    }

    @Override
    public Tensor plain(Tensor x) {
      return x.linear(layer.weight(), null);
    }

    @Override
    public Tensor apply(Tensor x, Tensor a, Tensor b, @Nullable Tensor bias) {
      return x.linear(a, null).linear(b, bias);
    }

    @Override
    public Tensor delta(Tensor a, Tensor b) {
      return b.matmul(a);
    }

    @Override
    public Tensor norm(Tensor w) {
      return w.square().sum(1).sqrt();
    }

    @Override
    public Tensor overWeight(Tensor perOutput) {
      return perOutput.reshape(-1, 1);
    }
  }

  /** A kind whose outputs are the columns of the weight: W (in, out), A (r, in), B (out, r). */
  sealed interface ByColumns extends LoraKind {
    @Override
    default Tensor delta(Tensor a, Tensor b) {
      return a.transpose(0, 1).matmul(b.transpose(0, 1));
    }

    @Override
    default Tensor norm(Tensor w) {
      return w.square().sum(0).sqrt();
    }

    @Override
    default Tensor overWeight(Tensor perOutput) {
      return perOutput;
    }
  }

  /** x (…, in), W (in, out), A (r, in), B (out, r). */
  record OfTransposed(TransposedLinear layer) implements ByColumns {
    @Override
    public int[] shapeOfA(int r) {
      return new int[] {r, layer.inFeatures()};
    }

    @Override
    public int[] shapeOfB(int r) {
      return new int[] {layer.outFeatures(), r};
    }

    @Override
    public Tensor plain(Tensor x) {
      return TransposedLinear.product(x, layer.weight());
    }

    @Override
    public Tensor apply(Tensor x, Tensor a, Tensor b, @Nullable Tensor bias) {
      return x.linear(a, null).linear(b, bias);
    }
  }

  /** ids (…), W (n, dim), A (r, n), B (dim, r); an output is a column of the table. */
  record OfEmbedding(Embedding layer) implements ByColumns {
    @Override
    public int[] shapeOfA(int r) {
      return new int[] {r, layer.count()};
    }

    @Override
    public int[] shapeOfB(int r) {
      return new int[] {layer.dim(), r};
    }

    @Override
    public Tensor plain(Tensor ids) {
      return layer.weight().embedding(ids);
    }

    @Override
    public Tensor apply(Tensor ids, Tensor a, Tensor b, @Nullable Tensor bias) {
      return a.transpose(0, 1).embedding(ids).linear(b, bias);
    }
  }

  /**
   * A head x (…, dim) whose weight is that of an adapted embedding: W (n, dim), A (r, n), B (dim,
   * r).
   */
  record OfTiedHead(Linear layer) implements ByColumns {
    @Override
    public int[] shapeOfA(int r) {
      return new int[] {r, layer.outFeatures()};
    }

    @Override
    public int[] shapeOfB(int r) {
      return new int[] {layer.inFeatures(), r};
    }

    @Override
    public Tensor plain(Tensor x) {
      return x.linear(layer.weight(), null);
    }

    @Override
    public Tensor apply(Tensor x, Tensor a, Tensor b, @Nullable Tensor bias) {
      Tensor y = TransposedLinear.product(TransposedLinear.product(x, b), a);
      return bias == null ? y : y.add(bias);
    }
  }

  /** x (batch, in, length), W (out, in, k), A (r, in, k), B (out, r, 1). */
  record OfConv1d(Conv1d layer) implements LoraKind {
    @Override
    public int[] shapeOfA(int r) {
      return layer.weight().shape().with(0, r).toArray();
    }

    @Override
    public int[] shapeOfB(int r) {
      return new int[] {layer.weight().dim(0), r, 1};
    }

    @Override
    public Tensor plain(Tensor x) {
      return Conv1d.convolve(x, layer.weight(), null, layer.stride(), layer.padding());
    }

    @Override
    public Tensor apply(Tensor x, Tensor a, Tensor b, @Nullable Tensor bias) {
      return Conv1d.convolve(
          Conv1d.convolve(x, a, null, layer.stride(), layer.padding()), b, bias, 1, 0);
    }

    @Override
    public Tensor delta(Tensor a, Tensor b) {
      return convolution(a, b, layer.weight());
    }

    @Override
    public Tensor norm(Tensor w) {
      return w.square().sum(1, 2).sqrt().reshape(1, -1, 1);
    }

    @Override
    public Tensor overWeight(Tensor perOutput) {
      return perOutput.reshape(-1, 1, 1);
    }
  }

  /**
   * x (batch, in, h, w), W (out, in / groups, k, k), A (r, in, k, k), B (out, r / groups, 1, 1).
   */
  record OfConv2d(Conv2d layer) implements LoraKind {
    @Override
    public int[] shapeOfA(int r) {
      return layer.weight().shape().with(0, r).with(1, layer.inChannels()).toArray();
    }

    @Override
    public int[] shapeOfB(int r) {
      if (r % layer.groups() != 0) {
        throw new IllegalArgumentException(
            "LoRA on a convolution in "
                + layer.groups()
                + " groups needs a rank that they divide, got "
                + r);
      }
      return new int[] {layer.weight().dim(0), r / layer.groups(), 1, 1};
    }

    @Override
    public Tensor plain(Tensor x) {
      return Conv2d.convolve(x, layer.weight(), null, layer.window(), layer.groups());
    }

    @Override
    public Tensor apply(Tensor x, Tensor a, Tensor b, @Nullable Tensor bias) {
      return Conv2d.convolve(
          x.conv2d(a, null, layer.window()), b, bias, Window.square(1, 1, 0), layer.groups());
    }

    /** All inputs reach each output of the adapter, unlike the weight's. */
    @Override
    public boolean merges() {
      return layer.groups() == 1;
    }

    @Override
    public Tensor delta(Tensor a, Tensor b) {
      return convolution(a, b, layer.weight());
    }

    @Override
    public Tensor norm(Tensor w) {
      return w.square().sum(1, 2, 3).sqrt().reshape(1, -1, 1, 1);
    }

    @Override
    public Tensor overWeight(Tensor perOutput) {
      return perOutput.reshape(-1, 1, 1, 1);
    }
  }

  /** x (batch, in, d, h, w), W (out, in, k, k, k), A (r, in, k, k, k), B (out, r, 1, 1, 1). */
  record OfConv3d(Conv3d layer) implements LoraKind {
    @Override
    public int[] shapeOfA(int r) {
      return layer.weight().shape().with(0, r).toArray();
    }

    @Override
    public int[] shapeOfB(int r) {
      return new int[] {layer.weight().dim(0), r, 1, 1, 1};
    }

    @Override
    public Tensor plain(Tensor x) {
      return Conv3d.convolve(x, layer.weight(), null, layer.stride(), layer.padding());
    }

    @Override
    public Tensor apply(Tensor x, Tensor a, Tensor b, @Nullable Tensor bias) {
      return Conv3d.convolve(
          Conv3d.convolve(x, a, null, layer.stride(), layer.padding()), b, bias, 1, 0);
    }

    @Override
    public Tensor delta(Tensor a, Tensor b) {
      return convolution(a, b, layer.weight());
    }

    @Override
    public Tensor norm(Tensor w) {
      return w.square().sum(1, 2, 3, 4).sqrt().reshape(1, -1, 1, 1, 1);
    }

    @Override
    public Tensor overWeight(Tensor perOutput) {
      return perOutput.reshape(-1, 1, 1, 1, 1);
    }
  }

  private static Tensor convolution(Tensor a, Tensor b, Parameter weight) {
    return b.reshape(b.dim(0), b.dim(1))
        .matmul(a.reshape(a.dim(0), -1))
        .reshape(weight.shape().toArray());
  }
}
