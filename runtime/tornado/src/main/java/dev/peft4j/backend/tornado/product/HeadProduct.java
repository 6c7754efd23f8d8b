package dev.peft4j.backend.tornado.product;

import java.util.List;

/**
 * A product for each head of each sequence of a batch, {@code c = op(a) · op(b)}, whose matrices
 * are side by side.
 *
 * @param m rows of {@code op(a)} and c
 * @param n columns of {@code op(b)} and c
 * @param k the inner size
 * @param transposeA a is stored as (k, m)
 * @param transposeB b is stored as (n, k)
 * @param batch number of sequences
 * @param heads heads of a and c
 * @param group how many of them share one head of b
 * @param a the places of the matrices of a
 * @param b those of b
 * @param c those of c
 */
public record HeadProduct(
    int m,
    int n,
    int k,
    boolean transposeA,
    boolean transposeB,
    int batch,
    int heads,
    int group,
    Heads a,
    Heads b,
    Heads c) {
  static final int NUMBERS = 12;

  /**
   * The places of the heads' matrices in a buffer, in elements.
   *
   * @param start the first one
   * @param ofBatch from a sequence to the next
   * @param ofHead from a head to the next
   * @param row from a row to the next
   */
  public record Heads(int start, int ofBatch, int ofHead, int row) {
    /** Returns heads side by side: (batch, rows, heads · width). */
    public static Heads sideBySide(int rows, int heads, int width) {
      return new Heads(0, rows * heads * width, width, heads * width);
    }

    /** Returns heads one after another: (batch, heads, rows, width). */
    public static Heads stacked(int heads, int rows, int width) {
      return new Heads(0, heads * rows * width, rows * width, width);
    }

    /** Returns the same heads from another start in the buffer. */
    public Heads from(int start) {
      return new Heads(start, ofBatch, ofHead, row);
    }
  }

  /** Checks what the kernels have no number for. */
  public HeadProduct {
    if (a.start != 0 || b.start != 0) {
      throw new IllegalArgumentException("only the result may begin further on in its buffer");
    }
  }

  /** In the order of {@link Addressing.Headed}. */
  List<Integer> numbers() {
    return List.of(
        heads, group, a.ofBatch, a.ofHead, a.row, b.ofBatch, b.ofHead, b.row, c.ofBatch, c.ofHead,
        c.row, c.start);
  }
}
