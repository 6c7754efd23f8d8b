package dev.peft4j.transformers;

import dev.peft4j.data.DType;
import dev.peft4j.data.Rng;
import dev.peft4j.data.Shape;
import dev.peft4j.data.Storage;
import dev.peft4j.nn.Conv1d;
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
  private final float most;

  private Init(@Nullable Rng rng, double std, double most) {
    this.rng = rng;
    this.std = (float) std;
    this.most = (float) most;
  }

  /**
   * Returns an initialisation with weights drawn from {@link Rng#current()}, as in transformers.
   */
  public static Init random(EncoderConfig config) {
    return new Init(Rng.current(), config.initializerRange(), Float.POSITIVE_INFINITY);
  }

  /** Returns an initialisation with weights drawn from {@link Rng#current()}. */
  public static Init random(DecoderConfig config) {
    return new Init(Rng.current(), config.initializerRange(), Float.POSITIVE_INFINITY);
  }

  /** Returns an initialisation with zeros, to be filled from a checkpoint. */
  public static Init zeros() {
    return new Init(null, 0, 0);
  }

  /**
   * Returns the same initialisation with other numbers: of mean 0, drawn again where they are
   * further away from it than {@code cutoff} deviations (torch's {@code trunc_normal_}).
   *
   * @param std the deviation of the numbers before some are drawn again
   */
  Init truncated(double std, double cutoff) {
    return new Init(rng, std, std * cutoff);
  }

  /** Returns a linear layer with bias. */
  public Linear linear(int in, int out) {
    return linear(in, out, true);
  }

  /** Returns a linear layer with or without bias. */
  public Linear linear(int in, int out, boolean bias) {
    return new Linear(weight(out, in), bias ? Initial.constant(0, out) : null);
  }

  /** Returns a convolution whose result is as long as its input; {@code kernel} is odd. */
  Conv1d conv1d(int in, int out, int kernel) {
    Shape shape = Shape.of(out, in, kernel);
    Parameter weight =
        rng == null
            ? new Parameter(Storage.zeros(DType.FLOAT32, shape.elements()), shape)
            : Initial.normal(rng, std, out, in, kernel);
    return new Conv1d(weight, Initial.constant(0, out), 1, kernel / 2);
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

  /** Returns a matrix. */
  Parameter weight(int rows, int columns) {
    if (rng != null) {
      Parameter drawn = Initial.normal(rng, std, rows, columns);
      return Float.isInfinite(most) ? drawn : truncate(drawn, rng);
    }
    Shape shape = Shape.of(rows, columns);
    return new Parameter(Storage.zeros(DType.FLOAT32, shape.elements()), shape);
  }

  private Parameter truncate(Parameter drawn, Rng source) {
    Storage values = drawn.own();
    for (long i = 0; i < values.elements(); i++) {
      while (Math.abs(values.floatAt(i)) > most) {
        values.setFloat(i, source.normal(1, 0, std)[0]);
      }
    }
    return drawn;
  }
}
