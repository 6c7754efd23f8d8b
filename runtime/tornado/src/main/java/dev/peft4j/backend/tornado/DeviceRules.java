package dev.peft4j.backend.tornado;

import dev.peft4j.backend.tornado.op.LookupKernels;
import dev.peft4j.backend.tornado.op.MoveKernels;
import dev.peft4j.backend.tornado.op.RotaryKernels;
import dev.peft4j.backend.tornado.op.RowKernels;
import dev.peft4j.backend.tornado.op.WindowKernels;
import dev.peft4j.backend.tornado.product.ProductShape;
import dev.peft4j.data.Shape;
import dev.peft4j.graph.BroadcastTo;
import dev.peft4j.graph.Decode;
import dev.peft4j.graph.Elementwise;
import dev.peft4j.graph.Op;
import dev.peft4j.graph.Scalar;
import dev.peft4j.graph.SumTo;
import dev.peft4j.op.Arange;
import dev.peft4j.op.Attention;
import dev.peft4j.op.AttentionGrad;
import dev.peft4j.op.Causal;
import dev.peft4j.op.Concat;
import dev.peft4j.op.CrossEntropy;
import dev.peft4j.op.CrossEntropyGrad;
import dev.peft4j.op.Fold;
import dev.peft4j.op.Gather;
import dev.peft4j.op.LayerNorm;
import dev.peft4j.op.LayerNormGrad;
import dev.peft4j.op.LinearOp;
import dev.peft4j.op.LogSoftmax;
import dev.peft4j.op.MatMul;
import dev.peft4j.op.MaxTo;
import dev.peft4j.op.OneHot;
import dev.peft4j.op.Pad;
import dev.peft4j.op.Permute;
import dev.peft4j.op.RandomMask;
import dev.peft4j.op.Reshape;
import dev.peft4j.op.RmsNorm;
import dev.peft4j.op.RmsNormGrad;
import dev.peft4j.op.Rotary;
import dev.peft4j.op.ScatterAdd;
import dev.peft4j.op.Slice;
import dev.peft4j.op.Softmax;
import dev.peft4j.op.SoftmaxGrad;
import dev.peft4j.op.Unfold;
import dev.peft4j.op.WriteRows;
import java.util.HashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;

/** The ops that the device has kernels for, each with the calls that compute it. */
final class DeviceRules {
  private static final Map<Class<? extends Op>, Rule<?>> RULES = new HashMap<>();

  static {
    elementwise();
    moves();
    products();
    lookups();
    rows();
    losses();
  }

  private DeviceRules() {}

  /** Adds the calls that compute one op. */
  @FunctionalInterface
  private interface Rule<T extends Op> {
    void lower(DeviceLowering to, T op, Place at);
  }

  /**
   * Where a step reads and writes.
   *
   * @param in the values that it reads
   * @param out its result's memory
   * @param shape its result's shape
   */
  record Place(int[] in, FloatArray out, Shape shape) {
    /** Returns the number of elements of the result. */
    int size() {
      return shape.size();
    }

    /** Returns the number of rows of the result. */
    int rows() {
      return shape.rows();
    }

    /** Returns the length of a row of the result. */
    int columns() {
      return shape.dim(-1);
    }
  }

  /** Returns whether there is a kernel for {@code op}; others are decomposed. */
  static boolean supports(Op op) {
    return RULES.containsKey(op.getClass());
  }

  /** Adds the calls that compute {@code op}. */
  static <T extends Op> void lower(DeviceLowering to, T op, Place at) {
    @SuppressWarnings("unchecked") // a rule is stored under the class of its op
    @Nullable Rule<T> rule = (Rule<T>) RULES.get(op.getClass());
    if (rule == null) {
      throw new IllegalStateException("no kernel for " + op.name());
    }
    rule.lower(to, op, at);
  }

  private static <T extends Op> void add(Class<T> op, Rule<T> rule) {
    RULES.put(op, rule);
  }

  private static void elementwise() {
    add(
        Elementwise.class,
        (to, op, at) -> to.add(to.fused(op.expression(), at.out(), at.shape(), at.in())));
    add(
        BroadcastTo.class,
        (to, op, at) -> to.add(to.fused(Scalar.input(0), at.out(), at.shape(), at.in())));
    add(SumTo.class, (to, op, at) -> to.reduce(false, at.in()[0], at.out(), at.shape()));
    add(MaxTo.class, (to, op, at) -> to.reduce(true, at.in()[0], at.out(), at.shape()));
    add(Decode.class, (to, op, at) -> to.decode(at.in()[0], at.out(), at.size()));
  }

  private static void moves() {
    add(
        Reshape.class,
        (to, op, at) -> to.add(MoveKernels.copy(to.f(at.in()[0]), at.out(), at.size())));
    add(Permute.class, (to, op, at) -> to.permute(op, at.in()[0], at.out(), at.shape()));
    add(Slice.class, (to, op, at) -> to.slice(op, at.in()[0], at.out(), at.shape()));
    add(
        Pad.class,
        (to, op, at) -> {
          to.add(MoveKernels.fill(at.out(), at.size(), 0));
          to.place(at.in()[0], at.out(), at.shape(), op.axis(), op.before());
        });
    add(
        Concat.class,
        (to, op, at) -> {
          int from = 0;
          for (int x : at.in()) {
            to.place(x, at.out(), at.shape(), op.axis(), from);
            from += to.shape(x).dim(op.axis());
          }
        });
    add(
        Unfold.class,
        (to, op, at) ->
            to.add(
                WindowKernels.unfold(
                    op.window(), to.f(at.in()[0]), to.shape(at.in()[0]), at.out())));
    add(
        Fold.class,
        (to, op, at) ->
            to.add(WindowKernels.fold(op.window(), to.f(at.in()[0]), op.image(), at.out())));
  }

  private static void products() {
    add(
        MatMul.class,
        (to, op, at) -> {
          int[] in = at.in();
          ProductShape p = ProductShape.of(op, to.shape(in[0]), to.shape(in[1]));
          to.product(p, in[0], in[1], -1, at.out(), at.size());
        });
    add(
        LinearOp.class,
        (to, op, at) -> {
          int[] in = at.in();
          ProductShape p = ProductShape.linear(to.shape(in[0]), to.shape(in[1]));
          to.product(p, in[0], in[1], in.length > 2 ? in[2] : -1, at.out(), at.size());
        });
    add(Attention.class, (to, op, at) -> to.attention(op, at.in(), at.out()));
    add(AttentionGrad.class, (to, op, at) -> to.attentionGrad(op.forward(), at.in(), at.out()));
  }

  private static void lookups() {
    add(Gather.class, (to, op, at) -> to.gather(at.in()[0], at.in()[1], at.out()));
    add(ScatterAdd.class, (to, op, at) -> to.scatterAdd(op, at));
    add(WriteRows.class, (to, op, at) -> to.writeRows(at));
    add(
        OneHot.class,
        (to, op, at) ->
            to.add(
                LookupKernels.oneHot(
                    to.buffers().labels(at.in()[0], op.classes(), op.ignoreIndex()),
                    at.out(),
                    to.shape(at.in()[0]).size(),
                    op.classes())));
    add(
        RandomMask.class,
        (to, op, at) ->
            to.add(
                LookupKernels.randomMask(
                    to.buffers().key(at.in()[0]), at.out(), at.size(), op.p())));
    add(Arange.class, (to, op, at) -> to.arange(at.out(), at.size()));
    add(Causal.class, (to, op, at) -> to.causal(op, at.out(), at.size()));
  }

  private static void rows() {
    add(
        Rotary.class,
        (to, op, at) -> {
          int[] in = at.in();
          FloatArray x = to.f(in[0]);
          FloatArray table = to.f(in[1]);
          to.add(RotaryKernels.rotate(op, x, at.shape(), table, to.shape(in[1]), at.out()));
        });
    add(
        Softmax.class,
        (to, op, at) ->
            to.add(RowKernels.softmax(to.f(at.in()[0]), at.out(), at.rows(), at.columns())));
    add(
        LogSoftmax.class,
        (to, op, at) ->
            to.add(RowKernels.logSoftmax(to.f(at.in()[0]), at.out(), at.rows(), at.columns())));
    add(
        SoftmaxGrad.class,
        (to, op, at) -> {
          FloatArray y = to.f(at.in()[0]);
          FloatArray dY = to.f(at.in()[1]);
          to.add(RowKernels.softmaxGrad(y, dY, at.out(), at.rows(), at.columns()));
        });
    add(
        LayerNorm.class,
        (to, op, at) -> {
          FloatArray x = to.f(at.in()[0]);
          FloatArray weight = to.f(at.in()[1]);
          FloatArray bias = to.f(at.in()[2]);
          to.add(
              RowKernels.layerNorm(x, weight, bias, at.out(), at.rows(), at.columns(), op.eps()));
        });
    add(
        LayerNormGrad.class,
        (to, op, at) -> {
          FloatArray x = to.f(at.in()[0]);
          FloatArray weight = to.f(at.in()[1]);
          FloatArray dY = to.f(at.in()[2]);
          to.add(
              RowKernels.layerNormGrad(x, weight, dY, at.out(), at.rows(), at.columns(), op.eps()));
        });
    add(
        RmsNorm.class,
        (to, op, at) -> {
          FloatArray x = to.f(at.in()[0]);
          FloatArray weight = to.f(at.in()[1]);
          to.add(RowKernels.rmsNorm(x, weight, at.out(), at.rows(), at.columns(), op.eps()));
        });
    add(
        RmsNormGrad.class,
        (to, op, at) -> {
          FloatArray x = to.f(at.in()[0]);
          FloatArray weight = to.f(at.in()[1]);
          FloatArray dY = to.f(at.in()[2]);
          to.add(
              RowKernels.rmsNormGrad(x, weight, dY, at.out(), at.rows(), at.columns(), op.eps()));
        });
  }

  private static void losses() {
    add(CrossEntropy.class, (to, op, at) -> to.loss(op, at.in(), at.out()));
    add(CrossEntropyGrad.class, (to, op, at) -> to.lossGradient(op, at.in(), at.out()));
  }
}
