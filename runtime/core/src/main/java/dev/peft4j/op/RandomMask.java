package dev.peft4j.op;

import dev.peft4j.data.DType;
import dev.peft4j.data.Rng;
import dev.peft4j.data.Shape;
import dev.peft4j.data.ShapeException;
import dev.peft4j.graph.Node;
import dev.peft4j.graph.Op;
import org.jspecify.annotations.Nullable;

/**
 * The mask of dropout: zeros with probability {@code p}, else 1 / (1 - p) (Srivastava et al. 2014,
 * inverted). 2014, inverted). Element i depends only on the input, a key of one int64, and on i; so
 * the same key gives the same mask on every backend.
 */
public record RandomMask(Shape target, float p) implements Op {
  /** Applies dropout to {@code x} with the mask of {@code key}. */
  public static Node dropout(Node x, float p, Node key) {
    if (!(p >= 0 && p < 1)) {
      throw new IllegalArgumentException(
          "dropout: p is " + p + ", must be at least 0 and less than 1");
    }
    return p == 0 ? x : Pointwise.mul(x, Node.of(new RandomMask(x.shape(), p), key));
  }

  /** Returns the mask's element {@code i}. */
  public static float element(long key, long i, float p) {
    long bits = Rng.mix(key + 0x9E3779B97F4A7C15L * (i + 1)) >>> 40;
    return bits * 0x1.0p-24f < p ? 0f : 1f / (1f - p);
  }

  @Override
  public Shape shape(Node[] inputs) {
    if (inputs[0].dtype() != DType.INT64 || inputs[0].shape().elements() != 1) {
      throw new ShapeException(
          "dropout: the key is "
              + inputs[0].dtype()
              + " "
              + inputs[0].shape()
              + ", needed one INT64");
    }
    return target;
  }

  @Override
  public DType dtype(Node[] inputs) {
    return DType.FLOAT32;
  }

  @Override
  public @Nullable Node[] gradient(Node out, Node dOut) {
    return Op.noGradient(out);
  }
}
