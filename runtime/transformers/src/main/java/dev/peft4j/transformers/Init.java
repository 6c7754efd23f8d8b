package dev.peft4j.transformers;

import dev.peft4j.data.DType;
import dev.peft4j.data.Rng;
import dev.peft4j.data.Shape;
import dev.peft4j.data.Storage;
import dev.peft4j.nn.Embedding;
import dev.peft4j.nn.Initial;
import dev.peft4j.nn.Linear;
import dev.peft4j.nn.Parameter;
import dev.peft4j.nn.TransposedLinear;
import org.jspecify.annotations.Nullable;

/**
 * The initialisation of a model's layers: as in transformers (normal numbers, biases zero), or all
 * zeros if a checkpoint replaces them anyway and drawing numbers would be a waste of time.
 */
public final class Init {
  private final @Nullable Rng rng;
  private final float std;

  private Init(@Nullable Rng rng, double std) {
    this.rng = rng;
    this.std = (float) std;
  }

  /**
   * Returns an initialisation with weights drawn from {@link Rng#current()}, as in transformers.
   */
  public static Init random(EncoderConfig config) {
    return new Init(Rng.current(), config.initializerRange());
  }

  /** Returns an initialisation with weights drawn from {@link Rng#current()}. */
  public static Init random(DecoderConfig config) {
    return new Init(Rng.current(), config.initializerRange());
  }

  /** Returns an initialisation with zeros, to be filled from a checkpoint. */
  public static Init zeros() {
    return new Init(null, 0);
  }

  /** Returns a linear layer with bias. */
  public Linear linear(int in, int out) {
    return linear(in, out, true);
  }

  /** Returns a linear layer with or without bias. */
  public Linear linear(int in, int out, boolean bias) {
    return new Linear(weight(out, in), bias ? Initial.constant(0, out) : null);
  }

  /** Returns a linear layer whose weight is (in, out), as in GPT-2. */
  public TransposedLinear transposed(int in, int out, boolean bias) {
    return new TransposedLinear(weight(in, out), bias ? Initial.constant(0, out) : null);
  }

  /** Returns a bias of zeros. */
  Parameter bias(int count) {
    return Initial.constant(0, count);
  }

  /** Returns a table of {@code count} rows. */
  public Embedding embedding(int count, int dim) {
    return new Embedding(weight(count, dim));
  }

  /** Returns a table whose row of padding is zero, as in torch. */
  public Embedding embedding(int count, int dim, int paddingRow) {
    Parameter table = weight(count, dim);
    long start = (long) paddingRow * dim;
    for (long i = start; i < start + dim && rng != null; i++) {
      table.own().setFloat(i, 0);
    }
    return new Embedding(table);
  }

  private Parameter weight(int rows, int columns) {
    if (rng != null) {
      return Initial.normal(rng, std, rows, columns);
    }
    Shape shape = Shape.of(rows, columns);
    return new Parameter(Storage.zeros(DType.FLOAT32, shape.elements()), shape);
  }
}
