package dev.peft4j.backend.tornado;

import dev.peft4j.backend.tornado.attention.AttentionCalls;
import dev.peft4j.backend.tornado.attention.StreamedAttention;
import dev.peft4j.backend.tornado.fuse.FusedKernels;
import dev.peft4j.backend.tornado.kernel.KernelCall;
import dev.peft4j.backend.tornado.op.LookupKernels;
import dev.peft4j.backend.tornado.op.MoveKernels;
import dev.peft4j.backend.tornado.op.ReduceKernels;
import dev.peft4j.backend.tornado.op.RoundingKernels;
import dev.peft4j.backend.tornado.product.DeviceCodes;
import dev.peft4j.backend.tornado.product.MatrixProduct;
import dev.peft4j.backend.tornado.product.ProductShape;
import dev.peft4j.data.Encoding;
import dev.peft4j.data.Encodings;
import dev.peft4j.data.Shape;
import dev.peft4j.graph.Decode;
import dev.peft4j.graph.Op;
import dev.peft4j.graph.Program;
import dev.peft4j.graph.Scalar;
import dev.peft4j.op.Attention;
import dev.peft4j.op.Causal;
import dev.peft4j.op.CrossEntropy;
import dev.peft4j.op.CrossEntropyGrad;
import dev.peft4j.op.Gather;
import dev.peft4j.op.LinearOp;
import dev.peft4j.op.MatMul;
import dev.peft4j.op.Permute;
import dev.peft4j.op.Pointwise;
import dev.peft4j.op.ScatterAdd;
import dev.peft4j.op.Slice;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;
import uk.ac.manchester.tornado.api.types.arrays.IntArray;

/**
 * Turns the steps of a program into calls of kernels over the buffers of {@link Buffers}. Which
 * calls compute an op is said by {@link DeviceRules}.
 */
final class DeviceLowering {
  private final Program program;
  private final Buffers buffers;
  private final MatrixProduct products;
  private final List<GraphPlan.Item> items = new ArrayList<>();
  private String label = "";
  private int number;

  private DeviceLowering(Program program, Buffers buffers, MatrixProduct products) {
    this.program = program;
    this.buffers = buffers;
    this.products = products;
  }

  /** True if the kernel of {@code op} takes input {@code i} in codes that the device decodes. */
  static boolean reads(Op op, int i, Encoding encoding) {
    if (DeviceCodes.of(encoding) == null) {
      return false;
    }
    return switch (op) {
      case Gather g -> i == 0;
      case LinearOp l -> i == 1;
      case MatMul m -> i == 1;
      default -> false;
    };
  }

  /** The calls that compute all steps. */
  static List<GraphPlan.Item> lower(Program program, Buffers buffers, MatrixProduct products) {
    DeviceLowering lowering = new DeviceLowering(program, buffers, products);
    for (int s = 0; s < program.steps().size(); s++) {
      Program.Step step = program.steps().get(s);
      boolean onHost =
          program.dtype(step.output()).isInteger()
              || step.op() instanceof Decode && program.dtype(step.inputs()[0]).isInteger();
      if (!onHost) {
        lowering.label = lowering.label(step);
        lowering.number = s;
        lowering.step(step);
      }
      buffers.finished(s);
    }
    return lowering.items;
  }

  private String label(Program.Step step) {
    StringBuilder s = new StringBuilder(step.op().name());
    for (int in : step.inputs()) {
      s.append(' ').append(program.shape(in));
    }
    return s.append(" -> ").append(program.shape(step.output())).toString();
  }

  void add(KernelCall call) {
    items.add(new GraphPlan.Item(label, once(call), number));
  }

  /** A buffer that is used twice is copied: TornadoVM takes each buffer of a task once. */
  private KernelCall once(KernelCall call) {
    Set<Object> seen = GraphPlan.identitySet();
    List<Object> arguments = new ArrayList<>(call.arguments());
    boolean twice = false;
    for (int i = 0; i < arguments.size(); i++) {
      if (arguments.get(i) instanceof FloatArray a && !seen.add(a)) {
        FloatArray copy = buffers.scratch(a.getSize());
        items.add(new GraphPlan.Item(label, MoveKernels.copy(a, copy, a.getSize()), number));
        arguments.set(i, copy);
        twice = true;
      }
    }
    return twice ? call.withArguments(arguments) : call;
  }

  void attention(Attention op, int[] in, FloatArray out) {
    if (!AttentionCalls.has(op, shape(in[0]), shape(in[1]))) {
      add(streamed(op, in, in.length).forward(streamedInputs(op, in, in.length), out));
      return;
    }
    AttentionCalls calls = attentionCalls(op, in, in.length == 4);
    FloatArray mask = in.length == 4 ? f(in[3]) : null;
    FloatArray p = buffers.scratch(calls.scores());
    addAll(calls.forward(f(in[0]), f(in[1]), f(in[2]), mask, p, out));
  }

  void attentionGrad(Attention op, int[] in, FloatArray out) {
    FloatArray dOut = f(in[in.length - 1]);
    if (!AttentionCalls.hasGradient(op, shape(in[0]), shape(in[1]))) {
      StreamedAttention calls = streamed(op, in, in.length - 1);
      FloatArray kept = buffers.scratch(calls.kept());
      addAll(calls.gradient(streamedInputs(op, in, in.length - 1), dOut, kept, out));
      return;
    }
    AttentionCalls calls = attentionCalls(op, in, in.length == 5);
    FloatArray mask = in.length == 5 ? f(in[3]) : null;
    FloatArray p = buffers.scratch(calls.scores());
    FloatArray dP = buffers.scratch(calls.scores());
    addAll(calls.gradient(f(in[0]), f(in[1]), f(in[2]), mask, dOut, p, dP, out));
  }

  /** The calls without scores; the first {@code count} inputs are those of the forward op. */
  private StreamedAttention streamed(Attention op, int[] in, int count) {
    return new StreamedAttention(
        op,
        shape(in[0]),
        shape(in[1]),
        op.masked(count) ? shape(in[3]) : null,
        op.ranged() ? shape(in[count - 1]) : null);
  }

  private StreamedAttention.Inputs streamedInputs(Attention op, int[] in, int count) {
    return new StreamedAttention.Inputs(
        f(in[0]),
        f(in[1]),
        f(in[2]),
        op.masked(count) ? f(in[3]) : buffers.constant(new float[1]),
        op.ranged() ? buffers.integers(in[count - 1]) : buffers.constant(new int[1]),
        buffers.constant(streamed(op, in, count).settings()));
  }

  private AttentionCalls attentionCalls(Attention op, int[] in, boolean masked) {
    return new AttentionCalls(
        products, op, shape(in[0]), shape(in[1]), masked ? shape(in[3]) : null);
  }

  private void addAll(List<KernelCall> calls) {
    calls.forEach(this::add);
  }

  private void step(Program.Step step) {
    int v = step.output();
    Shape shape = program.shape(v);
    boolean inPlace = buffers.isInPlace(v);
    if (shape.elements() > 0 && (inPlace || !buffers.isView(v))) {
      FloatArray out = inPlace ? buffers.get(v) : buffers.make(v);
      DeviceRules.lower(this, step.op(), new DeviceRules.Place(step.inputs(), out, shape));
    }
  }

  Buffers buffers() {
    return buffers;
  }

  Shape shape(int v) {
    return program.shape(v);
  }

  /** What decodes a value on the device; null for float32, and for what the host decodes. */
  private @Nullable DeviceCodes codes(int v) {
    return program.encoding(v).isPlain() ? null : DeviceCodes.of(program.encoding(v));
  }

  /** Adds the call that decodes all of a value. */
  void decode(int v, FloatArray out, int n) {
    add(Objects.requireNonNull(codes(v)).decode(buffers.codes(v), out, n));
  }

  FloatArray f(int v) {
    return buffers.get(v);
  }

  void gather(int table, int rows, FloatArray out) {
    IntArray ids = buffers.ids(rows, shape(table).dim(0));
    int count = shape(rows).size();
    int n = shape(table).dim(1);
    DeviceCodes codes = codes(table);
    add(
        codes != null
            ? codes.gather(buffers.codes(table), ids, out, count, n)
            : LookupKernels.gather(f(table), ids, out, count, n));
  }

  void scatterAdd(ScatterAdd op, DeviceRules.Place at) {
    add(MoveKernels.fill(at.out(), at.size(), 0));
    int[] in = at.in();
    int count = shape(in[1]).size();
    if (count > 0) {
      IntArray ids = buffers.ids(in[1], op.rows());
      add(LookupKernels.scatterAdd(f(in[0]), ids, at.out(), count, at.shape().dim(1)));
    }
  }

  /** Writes rows where they belong: into a state itself, or into a copy of the table. */
  void writeRows(DeviceRules.Place at) {
    int[] in = at.in();
    FloatArray table = f(in[0]);
    if (table != at.out()) {
      add(MoveKernels.copy(table, at.out(), at.size()));
    }
    IntArray ids = buffers.ids(in[2], at.shape().dim(0));
    int n = shape(in[1]).size();
    add(LookupKernels.writeRows(f(in[1]), ids, at.out(), n, at.shape().dim(1)));
  }

  KernelCall fused(Scalar expression, FloatArray out, Shape shape, int[] in) {
    return FusedKernels.call(
        expression,
        out,
        shape,
        Arrays.stream(in).mapToObj(this::f).toList(),
        Arrays.stream(in).mapToObj(this::shape).toList());
  }

  void reduce(boolean max, int x, FloatArray out, Shape target) {
    if (shape(x).elements() == 0) {
      add(MoveKernels.fill(out, target.size(), max ? Float.NEGATIVE_INFINITY : 0));
      return;
    }
    addAll(ReduceKernels.reduce(max, f(x), shape(x), out, target, buffers::scratch));
  }

  void slice(Slice op, int x, FloatArray out, Shape shape) {
    int[] steps = shape(x).strides();
    int start = op.from() * steps[op.axis()];
    addAll(MoveKernels.move(f(x), shape.toArray(), steps, start, out, shape.strides(), 0));
  }

  void permute(Permute p, int x, FloatArray out, Shape shape) {
    int[] own = shape(x).strides();
    int[] from = p.order().stream().mapToInt(i -> own[i]).toArray();
    addAll(MoveKernels.move(f(x), shape.toArray(), from, 0, out, shape.strides(), 0));
  }

  /** Copies a whole value to where {@code axis} of the target stands at {@code at}. */
  void place(int x, FloatArray out, Shape target, int axis, int at) {
    Shape s = shape(x);
    if (s.elements() > 0) {
      int[] to = target.strides();
      addAll(MoveKernels.move(f(x), s.toArray(), s.strides(), 0, out, to, at * to[axis]));
    }
  }

  void product(ProductShape p, int a, int b, int bias, FloatArray out, int n) {
    @Nullable FloatArray added = bias < 0 ? null : f(bias);
    if (p.k() == 0) {
      if (added == null) {
        add(MoveKernels.fill(out, n, 0));
      } else {
        add(
            FusedKernels.call(
                Scalar.input(0),
                out,
                Shape.of(p.m(), p.n()),
                List.of(added),
                List.of(Shape.of(p.n()))));
      }
      return;
    }
    DeviceCodes codes = codes(b);
    if (codes != null) {
      FloatArray sum = added == null ? buffers.constant(new float[1]) : added;
      KernelCall call = codes.multiply(p, f(a), buffers.codes(b), sum, out);
      if (call != null) {
        add(call);
        return;
      }
    }
    if (codes != null && products.reads16Bits() && codes.encoding().equals(Encodings.BFLOAT16)) {
      FloatArray halves = buffers.scratch((p.sizeA() + 1) / 2);
      add(RoundingKernels.toBFloat16(f(a), halves, p.sizeA()));
      add(products.multiply(p, halves, buffers.codes(b), added, out));
      return;
    }
    boolean frozen = codes != null || buffers.isFrozen(b);
    int packed = products.packedSize(p, frozen);
    FloatArray right;
    if (codes != null) { // decoded only while it is used: the device keeps the codes
      right = buffers.scratch(packed == 0 ? shape(b).size() : packed);
      add(products.pack(p, buffers.codes(b), codes, right));
    } else if (packed == 0) {
      right = f(b);
    } else if (frozen) {
      right = buffers.packed(b, p, packed);
    } else {
      right = buffers.scratch(packed);
      add(products.pack(p, f(b), right));
    }
    add(products.multiply(p, f(a), right, packed > 0, added, out, false));
  }

  void arange(FloatArray out, int n) {
    float[] numbers = new float[n];
    for (int i = 0; i < n; i++) {
      numbers[i] = i;
    }
    add(MoveKernels.copy(buffers.constant(numbers), out, n));
  }

  void causal(Causal c, FloatArray out, int n) {
    float[] mask = new float[n];
    for (int i = 0; i < n; i++) {
      boolean later = i % c.columns() > i / c.columns() + c.columns() - c.rows();
      mask[i] = later ? Float.NEGATIVE_INFINITY : 0;
    }
    add(MoveKernels.copy(buffers.constant(mask), out, n));
  }

  void loss(CrossEntropy c, int[] in, FloatArray out) {
    Shape x = shape(in[0]);
    int rows = x.dim(0);
    FloatArray losses = buffers.scratch(rows);
    add(
        LookupKernels.lossRows(
            f(in[0]), buffers.labels(in[1], x.dim(1), c.ignoreIndex()), losses, rows, x.dim(1)));
    FloatArray total = buffers.scratch(1);
    addAll(
        ReduceKernels.reduce(false, losses, Shape.of(rows), total, Shape.SCALAR, buffers::scratch));
    add(
        FusedKernels.call(
            Pointwise.DIV.expression(),
            out,
            Shape.SCALAR,
            List.of(total, buffers.count(in[1], c.ignoreIndex(), 0)),
            List.of(Shape.SCALAR, Shape.SCALAR)));
  }

  void lossGradient(CrossEntropyGrad c, int[] in, FloatArray out) {
    Shape x = shape(in[0]);
    add(
        LookupKernels.lossGrad(
            f(in[0]),
            buffers.labels(in[1], x.dim(1), c.ignoreIndex()),
            f(in[2]),
            buffers.count(in[1], c.ignoreIndex(), 1),
            out,
            x.dim(0),
            x.dim(1)));
  }
}
