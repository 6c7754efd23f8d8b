package dev.peft4j.data;

import java.util.Arrays;

/** The sizes of a tensor's dimensions, outermost first; immutable. A scalar has rank 0. */
public final class Shape {
  /** The shape of a single value. */
  public static final Shape SCALAR = new Shape(new int[0]);

  private final int[] dims;
  private final long elements;
  private final int hash;

  private Shape(int[] dims) {
    this.dims = dims;
    this.elements = elements(dims);
    this.hash = Arrays.hashCode(dims);
  }

  /**
   * Returns a shape of the given sizes. If one of them is 0 there are no elements, whatever the
   * others.
   *
   * @throws ShapeException if a size is negative or the number of elements does not fit an int (a
   *     single tensor holds at most 2³¹-1 elements)
   */
  public static Shape of(int... dims) {
    for (int d : dims) {
      if (d < 0) {
        throw new ShapeException("shape " + Arrays.toString(dims) + ": sizes must not be negative");
      }
    }
    if (elements(dims) > Integer.MAX_VALUE) {
      throw new ShapeException(
          "shape " + Arrays.toString(dims) + ": more than 2147483647 elements in one tensor");
    }
    return dims.length == 0 ? SCALAR : new Shape(dims.clone());
  }

  /** The product of the sizes, or some number above the largest int if it is larger than that. */
  private static long elements(int[] dims) {
    long n = 1;
    for (int d : dims) {
      if (d == 0) {
        return 0;
      }
      n = Math.min(n, Integer.MAX_VALUE + 1L) * d;
    }
    return n;
  }

  /** Returns the number of dimensions. */
  public int rank() {
    return dims.length;
  }

  /**
   * Returns the size of dimension {@code i}; negative {@code i} counts from the end (-1 is the
   * innermost).
   *
   * @throws ShapeException if there is no such dimension
   */
  public int dim(int i) {
    return dims[axis(i)];
  }

  /**
   * Returns the dimension that {@code i} means: itself, or counted from the end if it is negative.
   *
   * @throws ShapeException if there is no such dimension
   */
  public int axis(int i) {
    int a = i < 0 ? i + dims.length : i;
    if (a < 0 || a >= dims.length) {
      throw new ShapeException("shape " + this + " has no dimension " + i);
    }
    return a;
  }

  /**
   * Returns the dimension that {@code i} means, for an operation that was given {@code i}; see
   * {@link #axis(int)}.
   *
   * @param op the operation's name, for the message
   * @throws ShapeException if there is no such dimension, naming the operation
   */
  public int axis(String op, int i) {
    if (i < -dims.length || i >= dims.length) {
      throw new ShapeException(
          op
              + ": shape "
              + this
              + " has no dimension "
              + i
              + (dims.length == 0
                  ? "; it is a single value"
                  : ", only 0 to " + (dims.length - 1) + " or negative ones from the end"));
    }
    return axis(i);
  }

  /** Returns the number of elements: the product of all sizes (1 for a scalar). */
  public long elements() {
    return elements;
  }

  /** Returns the number of elements as an int; shapes never have more. */
  public int size() {
    return (int) elements;
  }

  /**
   * Returns the product of the sizes of dimensions {@code from} (inclusive) to {@code to}
   * (exclusive).
   */
  public int product(int from, int to) {
    int n = 1;
    for (int i = from; i < to; i++) {
      n *= dims[i];
    }
    return n;
  }

  /**
   * Returns the number of rows if all but the innermost dimension are taken together (1 for a
   * scalar).
   */
  public int rows() {
    return dims.length == 0 ? 1 : product(0, dims.length - 1);
  }

  /** Returns the size of the innermost dimension (1 for a scalar). */
  public int columns() {
    return dims.length == 0 ? 1 : dims[dims.length - 1];
  }

  /** Returns the sizes, outermost first, as a new array. */
  public int[] toArray() {
    return dims.clone();
  }

  /** Returns this shape with dimension {@code axis} set to {@code size}. */
  public Shape with(int axis, int size) {
    int[] d = dims.clone();
    d[axis(axis)] = size;
    return of(d);
  }

  /**
   * Returns, for each dimension, the number of elements from one index to the next in row-major
   * order.
   */
  public int[] strides() {
    int[] s = new int[dims.length];
    int n = 1;
    for (int i = dims.length - 1; i >= 0; i--) {
      s[i] = n;
      n *= dims[i];
    }
    return s;
  }

  /**
   * Returns the shape that both broadcast to, by NumPy's rule: aligned at the innermost dimension,
   * sizes are equal or one of them is 1.
   *
   * @param op the operation's name, for the message
   * @throws ShapeException if the two do not broadcast together
   */
  public static Shape broadcast(String op, Shape a, Shape b) {
    if (a.equals(b)) {
      return a;
    }
    int rank = Math.max(a.rank(), b.rank());
    int[] d = new int[rank];
    for (int i = 1; i <= rank; i++) {
      int x = i <= a.rank() ? a.dims[a.rank() - i] : 1;
      int y = i <= b.rank() ? b.dims[b.rank() - i] : 1;
      if (x != y && x != 1 && y != 1) {
        throw new ShapeException(
            op
                + ": shapes "
                + a
                + " and "
                + b
                + " do not broadcast: sizes "
                + x
                + " and "
                + y
                + " in dimension -"
                + i
                + " must be equal, or one of them 1");
      }
      d[rank - i] = x == 1 ? y : x;
    }
    return of(d);
  }

  @Override
  public boolean equals(Object o) {
    return this == o || o instanceof Shape s && hash == s.hash && Arrays.equals(dims, s.dims);
  }

  @Override
  public int hashCode() {
    return hash;
  }

  @Override
  public String toString() {
    StringBuilder s = new StringBuilder("(");
    for (int i = 0; i < dims.length; i++) {
      s.append(i == 0 ? "" : ", ").append(dims[i]);
    }
    return s.append(dims.length == 1 ? ",)" : ")").toString();
  }
}
