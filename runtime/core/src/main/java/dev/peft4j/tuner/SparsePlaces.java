package dev.peft4j.tuner;

import dev.peft4j.graph.Node;
import dev.peft4j.op.SparseProduct;
import dev.peft4j.random.TorchGenerator;
import dev.peft4j.tensor.Tensor;

/** The places of a matrix that are not zero, for adapters that train a few numbers of one. */
public final class SparsePlaces {
  /** A product with so few places is cheaper place by place than as a matrix. */
  private static final int SPARSE = 24;

  private final int height;
  private final int width;
  private final Tensor rows;
  private final Tensor columns;
  private final Tensor places;

  /**
   * Creates places by their rows and columns.
   *
   * @param rows the row of each place
   * @param columns the column of each place
   * @param height the matrix's number of rows
   * @param width its number of columns
   */
  public SparsePlaces(long[] rows, long[] columns, int height, int width) {
    this.height = height;
    this.width = width;
    long[] flat = new long[rows.length];
    for (int i = 0; i < flat.length; i++) {
      flat[i] = rows[i] * width + columns[i];
    }
    this.rows = Tensor.of(rows, rows.length);
    this.columns = Tensor.of(columns, columns.length);
    this.places = Tensor.of(flat, flat.length);
  }

  /**
   * Returns places as torch draws them: the first {@code n} of a random order of all, counted row
   * by row.
   *
   * @param path the layer's, for messages
   * @throws IllegalArgumentException if the matrix does not have so many
   */
  public static int[] drawn(String path, int height, int width, int n, TorchGenerator generator) {
    long all = (long) height * width;
    if (n > all || all > Integer.MAX_VALUE - 8) {
      throw new IllegalArgumentException(
          "'" + path + "' has " + all + " numbers, of which " + n + " cannot be chosen");
    }
    return generator.permutation((int) all, n);
  }

  /** Returns the places with these numbers, counted row by row. */
  public static SparsePlaces of(int[] places, int height, int width) {
    long[] rows = new long[places.length];
    long[] columns = new long[places.length];
    for (int i = 0; i < places.length; i++) {
      rows[i] = places[i] / width;
      columns[i] = places[i] % width;
    }
    return new SparsePlaces(rows, columns, height, width);
  }

  /** Returns the matrix (height, width) with these values (n) at the places. */
  public Tensor matrix(Tensor values) {
    return Tensor.zeros(height * width).scatterAdd(0, places, values).reshape(height, width);
  }

  /**
   * Returns x · Mᵀ for the matrix M with these values at the places. If it has few, it is not made.
   *
   * @param x (…, width); the result is (…, height)
   */
  public Tensor times(Tensor x, Tensor values) {
    long n = values.shape().elements();
    if (n * SPARSE >= (long) height * width) {
      return x.linear(matrix(values), null);
    }
    int[] shape = x.shape().toArray();
    shape[shape.length - 1] = height;
    Tensor inputs = x.reshape(-1, width).transpose(0, 1);
    Node sums = SparseProduct.of(height, inputs.node(), values.node(), rows.node(), columns.node());
    return Tensor.of(sums).transpose(0, 1).reshape(shape);
  }
}
