package dev.peft4j.nn;

import dev.peft4j.data.Rng;
import dev.peft4j.data.ShapeException;
import dev.peft4j.tensor.Tensor;

/**
 * A lookup of rows of a table by integer ids (torch's {@code nn.Embedding}): ids of any shape,
 * result (…, dim).
 */
public class Embedding extends WeightedLayer {
  /** Creates a table of {@code count} rows of {@code dim} numbers, drawn from N(0, 1). */
  public Embedding(int count, int dim) {
    if (count < 1 || dim < 1) {
      throw new IllegalArgumentException(
          "Embedding(" + count + ", " + dim + "): both sizes must be at least 1");
    }
    super(Initial.normal(Rng.current(), 1, count, dim), null);
  }

  /** Creates a layer of a given table (count, dim), which it owns from now on. */
  public Embedding(Parameter weight) {
    if (weight.shape().rank() != 2) {
      throw new ShapeException(
          "Embedding: weight of shape " + weight.shape() + ": needed (count, dim)");
    }
    super(weight, null);
  }

  @Override
  protected Tensor base(Tensor ids) {
    return weight().embedding(ids);
  }

  /** Returns the number of rows. */
  public int count() {
    return weight().shape().dim(0);
  }

  /** Returns the number of columns. */
  public int dim() {
    return weight().shape().dim(1);
  }

  @Override
  protected String extraRepr() {
    return count() + ", " + dim();
  }
}
