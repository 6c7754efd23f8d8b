package dev.peft4j.nn;

import dev.peft4j.data.Rng;
import dev.peft4j.data.ShapeException;
import dev.peft4j.tensor.Tensor;

/**
 * Rows of a table by integer ids (torch's {@code nn.Embedding}): ids of any shape, result (…, dim).
 */
public class Embedding extends Module implements Layer, Adaptable {
  private final Parameter weight;
  private final AdapterSlot slot = new AdapterSlot();

  /** A table of {@code count} rows of {@code dim} numbers, drawn from N(0, 1). */
  public Embedding(int count, int dim) {
    if (count < 1 || dim < 1) {
      throw new IllegalArgumentException(
          "Embedding(" + count + ", " + dim + "): both sizes must be at least 1");
    }
    this.weight = Initial.normal(Rng.current(), 1, count, dim);
  }

  /** A layer of a given table (count, dim), which it owns from now on. */
  public Embedding(Parameter weight) {
    if (weight.shape().rank() != 2) {
      throw new ShapeException(
          "Embedding: weight of shape " + weight.shape() + ": needed (count, dim)");
    }
    this.weight = weight;
  }

  @Override
  public Tensor forward(Tensor ids) {
    return slot.apply(ids, this::base);
  }

  private Tensor base(Tensor ids) {
    return weight.gather(ids);
  }

  /** Number of rows. */
  public int count() {
    return weight.shape().dim(0);
  }

  /** Numbers in a row. */
  public int dim() {
    return weight.shape().dim(1);
  }

  /** The table (count, dim). */
  public Parameter weight() {
    return weight;
  }

  @Override
  public AdapterSlot slot() {
    return slot;
  }
}
