package dev.peft4j.backend.cublas;

/**
 * Products of matrices that are stored row by row, {@code c = op(a) · op(b)}, as one call of
 * cuBLAS: what the call depends on besides the addresses of the three buffers.
 *
 * <p>cuBLAS stores matrices column by column, so it sees the transpose of each. Since {@code cᵀ =
 * op(b)ᵀ · op(a)ᵀ}, the operands change places, and none is transposed more than asked for.
 *
 * @param m rows of {@code op(a)} and c
 * @param n columns of {@code op(b)} and c
 * @param k the inner size
 * @param transposeA a is stored as (k, m) instead of (m, k)
 * @param transposeB b is stored as (n, k) instead of (k, n)
 * @param a where the matrices of a are
 * @param b where those of b are
 * @param c where those of c are
 * @param count number of products
 * @param accumulate whether c is added to
 * @param operands the type of a and b; c is float32
 * @param compute the arithmetic
 * @param bias whether n numbers are added to each row
 * @param activation what is computed of the sums at the end
 */
public record Gemm(
    int m,
    int n,
    int k,
    boolean transposeA,
    boolean transposeB,
    Place a,
    Place b,
    Place c,
    int count,
    boolean accumulate,
    Type operands,
    Compute compute,
    boolean bias,
    Activation activation) {
  /**
   * The places of matrices in a buffer, in elements.
   *
   * @param start the first one
   * @param row from a row to the next
   * @param step from a matrix to the next; 0 if there is one for all products
   */
  public record Place(long start, int row, long step) {}

  /** The type of numbers, with CUDA's {@code cudaDataType}. */
  public enum Type {
    /** float32. */
    FLOAT32(0, 4),
    /** float16. */
    FLOAT16(2, 2),
    /** bfloat16. */
    BFLOAT16(14, 2);

    final int code;
    final int bytes;

    Type(int code, int bytes) {
      this.code = code;
      this.bytes = bytes;
    }
  }

  /** The arithmetic, cuBLAS's {@code cublasComputeType_t}; sums are always float32. */
  public enum Compute {
    /** Products of the numbers as they are. */
    FULL(68),
    /** Products of float32 numbers that are rounded to bfloat16. */
    BF16(75),
    /** Products of float32 numbers that are rounded to TensorFloat-32. */
    TF32(77);

    final int code;

    Compute(int code) {
      this.code = code;
    }
  }

  /** A function of each sum. */
  public enum Activation {
    /** Nothing. */
    NONE(1, 4),
    /** The larger one of 0 and the sum. */
    RELU(2, 6),
    /** GELU by its approximation with tanh. */
    GELU(32, 36);

    private final int epilogue;
    private final int withBias;

    Activation(int epilogue, int withBias) {
      this.epilogue = epilogue;
      this.withBias = withBias;
    }

    int epilogue(boolean bias) {
      return bias ? withBias : epilogue;
    }
  }

  /** Checks that rows do not overlap, which cuBLAS would take for a wrong call. */
  public Gemm {
    if (m < 1 || n < 1 || k < 1 || count < 1) {
      throw new IllegalArgumentException(
          "a product of sizes " + m + ", " + n + ", " + k + ", " + count + " times, is none");
    }
    requireRow("a", a, transposeA ? m : k);
    requireRow("b", b, transposeB ? k : n);
    requireRow("c", c, n);
    if (operands != Type.FLOAT32 && compute != Compute.FULL) {
      throw new IllegalArgumentException(operands + " has no bits to be rounded to " + compute);
    }
  }

  private static void requireRow(String name, Place p, int width) {
    if (p.row < width) {
      throw new IllegalArgumentException(
          "rows of " + name + " are " + p.row + " elements apart, their width is " + width);
    }
  }

  /** Returns one product of whole matrices, of the sizes and orders given. */
  public static Gemm of(
      int m, int n, int k, boolean transposeA, boolean transposeB, Compute compute) {
    return new Gemm(
        m,
        n,
        k,
        transposeA,
        transposeB,
        new Place(0, transposeA ? m : k, 0),
        new Place(0, transposeB ? k : n, 0),
        new Place(0, n, 0),
        1,
        false,
        Type.FLOAT32,
        compute,
        false,
        Activation.NONE);
  }

  /** Returns the same products with other places. */
  public Gemm at(Place a, Place b, Place c, int count) {
    return new Gemm(
        m,
        n,
        k,
        transposeA,
        transposeB,
        a,
        b,
        c,
        count,
        accumulate,
        operands,
        compute,
        bias,
        activation);
  }

  /** Returns the same products with something done to the sums. */
  public Gemm with(boolean accumulate, boolean bias, Activation activation) {
    return new Gemm(
        m,
        n,
        k,
        transposeA,
        transposeB,
        a,
        b,
        c,
        count,
        accumulate,
        operands,
        compute,
        bias,
        activation);
  }

  /** Returns the same products of operands of 16 bits. */
  public Gemm of(Type operands) {
    return new Gemm(
        m,
        n,
        k,
        transposeA,
        transposeB,
        a,
        b,
        c,
        count,
        accumulate,
        operands,
        operands == Type.FLOAT32 ? compute : Compute.FULL,
        bias,
        activation);
  }

  /** True if only cuBLASLt has it. */
  boolean isExtended() {
    return bias || activation != Activation.NONE;
  }
}
