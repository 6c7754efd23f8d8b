package dev.peft4j.tensor;

import dev.peft4j.backend.Engine;
import dev.peft4j.data.DType;
import dev.peft4j.data.Rng;
import dev.peft4j.data.Shape;
import dev.peft4j.data.ShapeException;
import dev.peft4j.data.Storage;
import dev.peft4j.graph.Gradients;
import dev.peft4j.graph.Node;
import dev.peft4j.op.Attention;
import dev.peft4j.op.Concat;
import dev.peft4j.op.Pointwise;
import dev.peft4j.op.Rotary;
import dev.peft4j.op.StopGradient;
import dev.peft4j.op.Surrogate;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * A multi-dimensional array of float32, int32 or int64, immutable and lazy: calling an operation
 * checks shapes and builds a node, and reading a value ({@link #item}, {@link #toFloats}) computes
 * what is needed. Shape errors are {@link dev.peft4j.data.ShapeException}s thrown by the call that
 * is wrong. Negative axes count from the end.
 */
public non-sealed class Tensor
    implements ComparisonOps, StatisticOps, ProductOps, IndexOps, NormOps, LossOps, ShapeOps {
  private static final Gradients.Builder BUILDER =
      new Gradients.Builder() {
        @Override
        public Node one() {
          return Pointwise.constant(1);
        }

        @Override
        public Node add(Node a, Node b) {
          return Pointwise.add(a, b);
        }
      };

  private final @Nullable Node node;

  /** Creates a tensor that stands for {@code node}. */
  protected Tensor(@Nullable Node node) {
    this.node = node;
  }

  /** Returns {@code ops}, which is a tensor: nothing else may implement its operations. */
  static Tensor self(Object ops) {
    return (Tensor) ops;
  }

  /** Returns a number that becomes part of the kernels that use it. */
  static Tensor constant(float value) {
    return new Tensor(Pointwise.constant(value));
  }

  /** Returns the tensor of a graph node. */
  public static Tensor of(Node node) {
    return new Tensor(node);
  }

  /** Returns a float32 tensor; without sizes it is a vector of all values. */
  public static Tensor of(float[] values, int... shape) {
    return of(Storage.of(values), shape(values.length, shape));
  }

  /** Returns an int32 tensor; without sizes it is a vector of all values. */
  public static Tensor of(int[] values, int... shape) {
    return of(Storage.of(values), shape(values.length, shape));
  }

  /** Returns an int64 tensor; without sizes it is a vector of all values. */
  public static Tensor of(long[] values, int... shape) {
    return of(Storage.of(values), shape(values.length, shape));
  }

  /** Returns a tensor over memory that must not change afterwards. */
  public static Tensor of(Storage storage, Shape shape) {
    return new Tensor(Node.data(storage, shape));
  }

  /** Returns a float32 tensor of rank 0. */
  public static Tensor scalar(float value) {
    return of(Storage.of(value), Shape.SCALAR);
  }

  /** Returns a float32 tensor of zeros. */
  public static Tensor zeros(int... shape) {
    Shape s = Shape.of(shape);
    return of(Storage.allocate(DType.FLOAT32, s.elements()), s);
  }

  /** Returns a float32 tensor in which all elements are {@code value}. */
  public static Tensor full(float value, int... shape) {
    Shape s = Shape.of(shape);
    float[] v = new float[s.size()];
    Arrays.fill(v, value);
    return of(Storage.of(v), s);
  }

  /** Returns a float32 matrix of these rows, which must have the same length. */
  public static Tensor of(float[][] rows) {
    int columns = rows.length == 0 ? 0 : rows[0].length;
    float[] all = new float[rows.length * columns];
    for (int r = 0; r < rows.length; r++) {
      if (rows[r].length != columns) {
        throw new ShapeException(
            "of: row " + r + " has " + rows[r].length + " numbers, row 0 has " + columns);
      }
      System.arraycopy(rows[r], 0, all, r * columns, columns);
    }
    return of(all, rows.length, columns);
  }

  /** Returns a float32 tensor of ones. */
  public static Tensor ones(int... shape) {
    return full(1, shape);
  }

  /** Returns the identity matrix (n, n). */
  public static Tensor eye(int n) {
    Shape s = Shape.of(n, n);
    float[] v = new float[s.size()];
    for (int i = 0; i < n; i++) {
      v[i * n + i] = 1;
    }
    return of(Storage.of(v), s);
  }

  /** Returns the int64 numbers 0 … n-1: torch's {@code arange(n)}. */
  public static Tensor arange(int n) {
    return arange(0, n, 1);
  }

  /**
   * Returns the int64 numbers from {@code start} (inclusive) to {@code end} (exclusive) in steps of
   * {@code step}.
   */
  public static Tensor arange(long start, long end, long step) {
    if (step == 0 || step > 0 && end < start || step < 0 && end > start) {
      throw new IllegalArgumentException(
          "arange: no way from " + start + " to " + end + " in steps of " + step);
    }
    long n = Math.ceilDivExact(Math.subtractExact(end, start), step);
    long[] v = new long[Math.toIntExact(n)];
    Arrays.setAll(v, i -> start + i * step);
    return of(v);
  }

  /** Returns uniform numbers in [0, 1), drawn from {@code rng}. */
  public static Tensor rand(Rng rng, int... shape) {
    Shape s = Shape.of(shape);
    return of(Storage.of(rng.uniform(s.size(), 0, 1)), s);
  }

  /** Returns standard normal numbers, drawn from {@code rng}. */
  public static Tensor randn(Rng rng, int... shape) {
    Shape s = Shape.of(shape);
    return of(Storage.of(rng.normal(s.size(), 0, 1)), s);
  }

  /** Joins tensors of one shape along a new axis; -1 puts it after all others. */
  public static Tensor stack(int axis, Tensor... parts) {
    int a = axis < 0 && parts.length > 0 ? axis + parts[0].shape().rank() + 1 : axis;
    return concat(a, Arrays.stream(parts).map(p -> p.unsqueeze(a)).toArray(Tensor[]::new));
  }

  /**
   * Returns the sum of products that {@code equation} describes: torch's {@code einsum}, as in
   * {@code einsum("bij,bjk->bik", a, b)}.
   *
   * @throws dev.peft4j.data.ShapeException if the equation is wrong or does not fit the shapes
   */
  public static Tensor einsum(String equation, Tensor... operands) {
    return Einsum.of(equation, operands);
  }

  /**
   * Returns the positions of the largest elements along an axis, the first of equal ones; NaN is
   * the largest. Computes this tensor; the positions are data, without gradient.
   */
  public Tensor argmax(int axis) {
    return Order.first(this, axis, true);
  }

  /** Returns the positions of the smallest elements along an axis, see {@link #argmax(int)}. */
  public Tensor argmin(int axis) {
    return Order.first(this, axis, false);
  }

  /**
   * Returns the elements sorted along an axis, and where they were. Computes this tensor; the
   * positions are data, and the values have gradients.
   */
  public Order sort(int axis, boolean descending) {
    return Order.sort(this, axis, descending);
  }

  /** Returns the {@code k} largest elements along an axis, in descending order. */
  public Order topk(int k, int axis) {
    return Order.top(this, k, axis);
  }

  private static Shape shape(int n, int[] shape) {
    return shape.length == 0 ? Shape.of(n) : Shape.of(shape);
  }

  /** Returns the graph node that computes this tensor. */
  public Node node() {
    if (node == null) {
      throw new IllegalStateException("a tensor without a node must override node()");
    }
    return node;
  }

  /** Returns the sizes of the dimensions. */
  public Shape shape() {
    return node().shape();
  }

  /** Returns the size of dimension {@code i}. */
  public int dim(int i) {
    return shape().dim(i);
  }

  /** Returns the element type. */
  public DType dtype() {
    return node().dtype();
  }

  // ---- reading

  /**
   * Returns the elements in row-major order, and computes them if necessary; they must not be
   * changed.
   */
  public Storage storage() {
    return Engine.value(node());
  }

  /**
   * Returns the single element.
   *
   * @throws IllegalStateException if there is more than one
   */
  public float item() {
    if (shape().elements() != 1) {
      throw new IllegalStateException(
          "item: shape " + shape() + " holds " + shape().elements() + " elements, needed one");
    }
    Storage s = storage();
    return s.dtype().isInteger() ? s.index(0) : s.floatAt(0);
  }

  /** Returns a copy of the elements as floats. */
  public float[] toFloats() {
    return storage().toFloats();
  }

  /** Returns a copy of the elements as ints. */
  public int[] toInts() {
    return storage().toInts();
  }

  /** Returns a copy of the elements as longs. */
  public long[] toLongs() {
    return storage().toLongs();
  }

  /**
   * Returns, for each row of the innermost dimension, the position of its largest element (the
   * first of equal ones). NaN counts as the largest, as in torch.
   *
   * @throws ShapeException if the rows have no elements
   */
  public int[] argmax() {
    float[] v = toFloats();
    int n = shape().columns();
    if (n == 0) {
      throw new ShapeException("argmax: shape " + shape() + " has rows without elements");
    }
    int[] best = new int[v.length / n];
    for (int r = 0; r < best.length; r++) {
      for (int i = 1; i < n; i++) {
        float most = v[r * n + best[r]];
        float x = v[r * n + i];
        if (x > most || Float.isNaN(x) && !Float.isNaN(most)) {
          best[r] = i;
        }
      }
    }
    return best;
  }

  /**
   * Returns scaled dot-product attention for heads that are stored side by side: softmax(q · kᵀ /
   * √d + mask) · v. The result is 0 for a query that sees no key because the mask is minus infinity
   * for all of them.
   *
   * @param q (batch, queries, heads · d)
   * @param k (batch, keys, kvHeads · d)
   * @param v like k
   * @param mask additive, broadcasts to (batch, heads, queries, keys), or null
   * @param kvHeads heads of k and v; divides {@code heads}
   * @param causal whether a query sees only keys that are not later
   */
  public static Tensor attention(
      Tensor q, Tensor k, Tensor v, @Nullable Tensor mask, int heads, int kvHeads, boolean causal) {
    float scale = (float) (1 / Math.sqrt((double) q.dim(-1) / heads));
    return Tensor.of(
        Attention.of(
            q.node(),
            k.node(),
            v.node(),
            mask == null ? null : mask.node(),
            heads,
            kvHeads,
            causal,
            scale));
  }

  /**
   * Returns attention with settings of its own: windows, capped scores, and keys that are seen by
   * integers that are data (a cache with room for more, padding, packed sequences).
   *
   * @param q (batch, queries, heads · d)
   * @param k (batch, keys, kvHeads · d)
   * @param v like k
   * @param mask additive, broadcasts to (batch, heads, queries, keys), or null
   * @param seen int32 or int64: of shape (batch or 1), the place of each sequence's first query
   *     among the keys; or of shape (batch or 1, queries, 2), the first key that a query may see
   *     and the one behind the last; or null
   */
  public static Tensor attention(
      Tensor q,
      Tensor k,
      Tensor v,
      @Nullable Tensor mask,
      @Nullable Tensor seen,
      Attention settings) {
    return Tensor.of(
        settings.of(
            q.node(),
            k.node(),
            v.node(),
            mask == null ? null : mask.node(),
            seen == null ? null : seen.node()));
  }

  /**
   * Returns the cosines and sines of rotary position embeddings, one table for all layers of a
   * call: (batch or 1, tokens, r), the cosines of position · frequency first, then the sines, both
   * times {@code scale}.
   *
   * @param positions int32 or int64, (batch, tokens) or (tokens)
   * @param frequencies float32 (r/2), radians at position 1
   * @param scale 1, or the attention factor of YaRN and LongRoPE
   */
  public static Tensor rotaryTable(Tensor positions, Tensor frequencies, float scale) {
    return Tensor.of(Rotary.table(positions.node(), frequencies.node(), scale));
  }

  /** Joins tensors along an axis. */
  public static Tensor concat(int axis, Tensor... parts) {
    return Tensor.of(Concat.of(axis, Arrays.stream(parts).map(Tensor::node).toArray(Node[]::new)));
  }

  // ---- training

  /**
   * Computes the gradients of this single value with respect to the trainable parameters that it
   * depends on, and adds them to the parameters' gradients (reverse mode). This only builds the
   * graph: forward and backward run together when a value is read or an optimizer steps.
   *
   * @throws dev.peft4j.data.ShapeException if this is not a single value
   * @throws IllegalStateException if it depends on no trainable parameter
   */
  public void backward() {
    Gradients.backward(node(), BUILDER);
  }

  /**
   * Requests that the value is computed together with the next optimizer step, so that it can be
   * read afterwards.
   */
  public Tensor retain() {
    node().retain();
    return this;
  }

  /** Returns the same value without a path for gradients. Nothing is computed yet. */
  public Tensor detach() {
    return new Tensor(Node.of(new StopGradient(), node()));
  }

  /**
   * Returns the same value with the gradient of another tensor, which is not computed: gradients
   * flow to what that was made from, and not to what this was made from.
   *
   * @param other of this tensor's shape
   */
  public Tensor withGradientOf(Tensor other) {
    return new Tensor(Node.of(new Surrogate(), node(), other.node()));
  }

  /**
   * Returns the shape and, if there are only a few, the values, which are computed if necessary.
   */
  @Override
  public String toString() {
    if (shape().elements() > 64) {
      return "Tensor" + shape() + " " + dtype();
    }
    return TensorFormat.format(this);
  }
}
