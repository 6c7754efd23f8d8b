package dev.peft4j.tensor;

import dev.peft4j.backend.Engine;
import dev.peft4j.data.DType;
import dev.peft4j.data.Shape;
import dev.peft4j.data.ShapeException;
import dev.peft4j.data.Storage;
import dev.peft4j.graph.Elementwise;
import dev.peft4j.graph.Gradients;
import dev.peft4j.graph.Node;
import dev.peft4j.op.Attention;
import dev.peft4j.op.Concat;
import dev.peft4j.op.CrossEntropy;
import dev.peft4j.op.Gather;
import dev.peft4j.op.LayerNorm;
import dev.peft4j.op.LinearOp;
import dev.peft4j.op.LogSoftmax;
import dev.peft4j.op.MatMul;
import dev.peft4j.op.Permute;
import dev.peft4j.op.Pointwise;
import dev.peft4j.op.RandomMask;
import dev.peft4j.op.Reduce;
import dev.peft4j.op.Reshape;
import dev.peft4j.op.RmsNorm;
import dev.peft4j.op.Slice;
import dev.peft4j.op.Softmax;
import dev.peft4j.op.StopGradient;
import dev.peft4j.op.ToFloat;
import dev.peft4j.op.Unfold;
import dev.peft4j.op.Window;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A multi-dimensional array of float32, int32 or int64, immutable and lazy: calling an operation
 * checks shapes and builds a node, and reading a value ({@link #item}, {@link #toFloats}) computes
 * what is needed. Shape errors are {@link dev.peft4j.data.ShapeException}s thrown by the call that
 * is wrong. Negative axes count from the end.
 */
public class Tensor {
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

  /** A tensor that stands for {@code node}. */
  protected Tensor(@Nullable Node node) {
    this.node = node;
  }

  /** The tensor of a graph node. */
  public static Tensor of(Node node) {
    return new Tensor(node);
  }

  /** A float32 tensor; without sizes it is a vector of all values. */
  public static Tensor of(float[] values, int... shape) {
    return of(Storage.of(values), shape(values.length, shape));
  }

  /** An int32 tensor; without sizes it is a vector of all values. */
  public static Tensor of(int[] values, int... shape) {
    return of(Storage.of(values), shape(values.length, shape));
  }

  /** An int64 tensor; without sizes it is a vector of all values. */
  public static Tensor of(long[] values, int... shape) {
    return of(Storage.of(values), shape(values.length, shape));
  }

  /** A tensor over memory that must not change afterwards. */
  public static Tensor of(Storage storage, Shape shape) {
    return new Tensor(Node.data(storage, shape));
  }

  /** A float32 tensor of rank 0. */
  public static Tensor scalar(float value) {
    return of(Storage.of(value), Shape.SCALAR);
  }

  /** Zeros. */
  public static Tensor zeros(int... shape) {
    Shape s = Shape.of(shape);
    return of(Storage.allocate(DType.FLOAT32, s.elements()), s);
  }

  /** The same number everywhere. */
  public static Tensor full(float value, int... shape) {
    Shape s = Shape.of(shape);
    float[] v = new float[s.size()];
    Arrays.fill(v, value);
    return of(Storage.of(v), s);
  }

  private static Shape shape(int n, int[] shape) {
    return shape.length == 0 ? Shape.of(n) : Shape.of(shape);
  }

  /** The graph node that computes this tensor. */
  public Node node() {
    if (node == null) {
      throw new IllegalStateException("a tensor without a node must override node()");
    }
    return node;
  }

  /** The sizes of the dimensions. */
  public Shape shape() {
    return node().shape();
  }

  /** Size of dimension {@code i}. */
  public int dim(int i) {
    return shape().dim(i);
  }

  /** The element type. */
  public DType dtype() {
    return node().dtype();
  }

  // ---- reading

  /** The elements in row-major order, computed if they are not yet; not to be written. */
  public Storage storage() {
    return Engine.value(node());
  }

  /**
   * The single element.
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

  /** A copy of the elements as floats. */
  public float[] toFloats() {
    return storage().toFloats();
  }

  /** A copy of the elements as ints. */
  public int[] toInts() {
    return storage().toInts();
  }

  /** A copy of the elements as longs. */
  public long[] toLongs() {
    return storage().toLongs();
  }

  /**
   * For each row of the innermost dimension the position of its largest element (the first of equal
   * ones). NaN counts as the largest, as in torch.
   *
   * @throws dev.peft4j.data.ShapeException if the rows have no elements
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

  // ---- training

  /**
   * Adds the gradients of this single value to the parameters that it was computed from (reverse
   * mode). Nothing is computed yet: reading a value or an optimizer's step runs forward and
   * backward together.
   *
   * @throws dev.peft4j.data.ShapeException if this is not a single value
   * @throws IllegalStateException if it depends on no trainable parameter
   */
  public void backward() {
    Gradients.backward(node(), BUILDER);
  }

  /**
   * Asks that the value be computed together with the next optimizer step, so that it can be read
   * after it.
   */
  public Tensor retain() {
    node().retain();
    return this;
  }

  /** The same value, without gradients for what it is computed from. Nothing is computed yet. */
  public Tensor detach() {
    return new Tensor(Node.of(new StopGradient(), node()));
  }

  // ---- element-wise

  /** this + b, broadcast. */
  public Tensor add(Tensor b) {
    return apply(Pointwise.ADD, b);
  }

  /** this + b. */
  public Tensor add(float b) {
    return new Tensor(Pointwise.add(node(), b));
  }

  /** this - b, broadcast. */
  public Tensor sub(Tensor b) {
    return apply(Pointwise.SUB, b);
  }

  /** this - b. */
  public Tensor sub(float b) {
    return add(-b);
  }

  /** this · b element by element, broadcast. */
  public Tensor mul(Tensor b) {
    return apply(Pointwise.MUL, b);
  }

  /** this · b. */
  public Tensor mul(float b) {
    return new Tensor(Pointwise.mul(node(), b));
  }

  /** this / b element by element, broadcast. */
  public Tensor div(Tensor b) {
    return apply(Pointwise.DIV, b);
  }

  /** this / b. */
  public Tensor div(float b) {
    return apply(Pointwise.DIV, new Tensor(Pointwise.constant(b)));
  }

  /** The larger of both, broadcast. */
  public Tensor maximum(Tensor b) {
    return apply(Pointwise.MAXIMUM, b);
  }

  /** The smaller of both, broadcast. */
  public Tensor minimum(Tensor b) {
    return apply(Pointwise.MINIMUM, b);
  }

  /** -x. */
  public Tensor neg() {
    return apply(Pointwise.NEG);
  }

  /** |x|. */
  public Tensor abs() {
    return apply(Pointwise.ABS);
  }

  /** eˣ. */
  public Tensor exp() {
    return apply(Pointwise.EXP);
  }

  /** Natural logarithm. */
  public Tensor log() {
    return apply(Pointwise.LOG);
  }

  /** Square root. */
  public Tensor sqrt() {
    return apply(Pointwise.SQRT);
  }

  /** 1 / √x. */
  public Tensor rsqrt() {
    return apply(Pointwise.RSQRT);
  }

  /** x². */
  public Tensor square() {
    return apply(Pointwise.SQUARE);
  }

  /** x to the power {@code exponent}. */
  public Tensor pow(float exponent) {
    return new Tensor(Pointwise.pow(node(), exponent));
  }

  /** Sine. */
  public Tensor sin() {
    return apply(Pointwise.SIN);
  }

  /** Cosine. */
  public Tensor cos() {
    return apply(Pointwise.COS);
  }

  /** Gauss error function. */
  public Tensor erf() {
    return apply(Pointwise.ERF);
  }

  /** max(x, 0). */
  public Tensor relu() {
    return apply(Pointwise.RELU);
  }

  /** x · Φ(x), exact: torch's default GELU. */
  public Tensor gelu() {
    return apply(Pointwise.GELU);
  }

  /** GELU by its tanh approximation. */
  public Tensor geluTanh() {
    return apply(Pointwise.GELU_TANH);
  }

  /** x · sigmoid(x). */
  public Tensor silu() {
    return apply(Pointwise.SILU);
  }

  /** Hyperbolic tangent. */
  public Tensor tanh() {
    return apply(Pointwise.TANH);
  }

  /** 1 / (1 + e⁻ˣ). */
  public Tensor sigmoid() {
    return apply(Pointwise.SIGMOID);
  }

  /** {@code value} where {@code mask} (float32, broadcast) is not 0, this elsewhere. */
  public Tensor maskedFill(Tensor mask, float value) {
    return apply(Pointwise.MASKED_FILL, mask, new Tensor(Pointwise.constant(value)));
  }

  /** Integers and 16-bit numbers as float32; float32 stays itself. */
  public Tensor toFloat() {
    return dtype() == DType.FLOAT32 ? this : new Tensor(Node.of(new ToFloat(), node()));
  }

  /**
   * Dropout with probability {@code p} by the mask of {@code key} (one int64): zeros, or x / (1 -
   * p).
   */
  public Tensor dropout(float p, Tensor key) {
    return new Tensor(RandomMask.dropout(node(), p, key.node()));
  }

  /** Applies an element-wise op to this and {@code others}. */
  public Tensor apply(Elementwise op, Tensor... others) {
    Node[] in = new Node[others.length + 1];
    in[0] = node();
    for (int i = 0; i < others.length; i++) {
      in[i + 1] = others[i].node();
    }
    return new Tensor(Node.of(op, in));
  }

  // ---- products

  /** Matrix product over the two innermost dimensions; outer ones broadcast. */
  public Tensor matmul(Tensor b) {
    return new Tensor(MatMul.of(node(), false, b.node(), false));
  }

  /** x · Wᵀ + b for x (…, in), weight (out, in), bias (out) or null: torch's {@code F.linear}. */
  public Tensor linear(Tensor weight, @Nullable Tensor bias) {
    return new Tensor(LinearOp.of(node(), weight.node(), bias == null ? null : bias.node()));
  }

  /**
   * Cross-correlation of x (batch, channels, h, w) with weight (out, channels, kh, kw): torch's
   * {@code F.conv2d}.
   *
   * @param bias (out) or null
   */
  public Tensor conv2d(Tensor weight, @Nullable Tensor bias, Window window) {
    return new Tensor(
        Unfold.conv2d(node(), weight.node(), bias == null ? null : bias.node(), window));
  }

  /**
   * Scaled dot-product attention for heads that lie side by side: softmax(q · kᵀ / √d + mask) · v.
   * A query that sees no key, since the mask is minus infinity at all of them, gets 0.
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
    return new Tensor(
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
   * Scaled dot-product attention, torch's {@code F.scaled_dot_product_attention}: this, the
   * queries, is (batch, heads, queries, d); keys and values are (batch, kvHeads, keys, d). A query
   * that sees no key gets 0, as in torch.
   *
   * @param mask additive, broadcasts to (batch, heads, queries, keys), or null
   */
  public Tensor scaledDotProductAttention(
      Tensor k, Tensor v, @Nullable Tensor mask, boolean causal) {
    int heads = dim(1);
    Tensor joined = attention(side(this), side(k), side(v), mask, heads, k.dim(1), causal);
    return joined.reshape(dim(0), dim(2), heads, dim(3)).transpose(1, 2);
  }

  private static Tensor side(Tensor x) {
    return x.transpose(1, 2).reshape(x.dim(0), x.dim(2), x.dim(1) * x.dim(3));
  }

  // ---- reductions

  /** Sum over {@code axes}, or over everything. */
  public Tensor sum(int... axes) {
    return new Tensor(Reduce.sum(node(), false, axes));
  }

  /** Mean over {@code axes}, or over everything. */
  public Tensor mean(int... axes) {
    return new Tensor(Reduce.mean(node(), false, axes));
  }

  /**
   * Largest element over {@code axes}, or over everything; equal ones share the gradient (torch's
   * {@code amax}).
   */
  public Tensor max(int... axes) {
    return new Tensor(Reduce.max(node(), false, axes));
  }

  /** As {@link #sum}, the reduced dimensions staying with size 1. */
  public Tensor sumKeep(int... axes) {
    return new Tensor(Reduce.sum(node(), true, axes));
  }

  /** As {@link #mean}, the reduced dimensions staying with size 1. */
  public Tensor meanKeep(int... axes) {
    return new Tensor(Reduce.mean(node(), true, axes));
  }

  /** As {@link #max}, the reduced dimensions staying with size 1. */
  public Tensor maxKeep(int... axes) {
    return new Tensor(Reduce.max(node(), true, axes));
  }

  /** Softmax along an axis. */
  public Tensor softmax(int axis) {
    return new Tensor(Softmax.of(node(), axis));
  }

  /** Logarithm of the softmax along an axis. */
  public Tensor logSoftmax(int axis) {
    return new Tensor(LogSoftmax.of(node(), axis));
  }

  // ---- norms, lookups, losses

  /** Layer normalisation over the innermost dimension; weight and bias have its size. */
  public Tensor layerNorm(Tensor weight, Tensor bias, float eps) {
    return new Tensor(LayerNorm.of(node(), weight.node(), bias.node(), eps));
  }

  /** Root mean square normalisation over the innermost dimension; the weight has its size. */
  public Tensor rmsNorm(Tensor weight, float eps) {
    return new Tensor(RmsNorm.of(node(), weight.node(), eps));
  }

  /** Rows of this table (rows, n) by integer ids of any shape: torch's {@code F.embedding}. */
  public Tensor gather(Tensor ids) {
    return new Tensor(Gather.of(node(), ids.node()));
  }

  /**
   * Mean cross-entropy of these logits (n, classes) against n integer labels: torch's {@code
   * F.cross_entropy}.
   *
   * @param ignoreIndex rows with this label do not count
   */
  public Tensor crossEntropy(Tensor labels, int ignoreIndex) {
    return new Tensor(CrossEntropy.of(node(), labels.node(), ignoreIndex));
  }

  /** As {@link #crossEntropy(Tensor, int)}, ignoring label -100 like torch. */
  public Tensor crossEntropy(Tensor labels) {
    return crossEntropy(labels, -100);
  }

  /** Mean squared difference to {@code target}, of the same shape: torch's {@code F.mse_loss}. */
  public Tensor mseLoss(Tensor target) {
    if (!shape().equals(target.shape())) {
      throw new ShapeException(
          "mseLoss: prediction of shape "
              + shape()
              + " and target of shape "
              + target.shape()
              + " must be equal");
    }
    return sub(target).square().mean();
  }

  // ---- shape

  /** The same elements in another shape; one size may be -1. */
  public Tensor reshape(int... shape) {
    return new Tensor(Reshape.of(node(), shape));
  }

  /** Exchanges two dimensions. */
  public Tensor transpose(int a, int b) {
    return new Tensor(Permute.transpose(node(), a, b));
  }

  /** Reorders the dimensions: dimension i of the result is dimension {@code order[i]} of this. */
  public Tensor permute(int... order) {
    Integer[] axes = new Integer[order.length];
    for (int i = 0; i < axes.length; i++) {
      axes[i] = order[i] < 0 ? order[i] + order.length : order[i];
    }
    return new Tensor(Permute.of(node(), List.of(axes)));
  }

  /** The part {@code from} (inclusive) to {@code to} (exclusive) of an axis. */
  public Tensor slice(int axis, int from, int to) {
    return new Tensor(Slice.of(node(), axis, from, to));
  }

  /** Joins tensors along an axis. */
  public static Tensor concat(int axis, Tensor... parts) {
    return new Tensor(Concat.of(axis, Arrays.stream(parts).map(Tensor::node).toArray(Node[]::new)));
  }

  /** Shape and, if they are few, the values; computes them if they are not yet. */
  @Override
  public String toString() {
    if (shape().elements() > 64) {
      return "Tensor" + shape() + " " + dtype();
    }
    return TensorFormat.format(this);
  }
}
