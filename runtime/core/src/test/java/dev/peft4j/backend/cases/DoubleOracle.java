package dev.peft4j.backend.cases;

import dev.peft4j.data.Shape;
import dev.peft4j.data.Storage;
import dev.peft4j.graph.BroadcastTo;
import dev.peft4j.graph.Decode;
import dev.peft4j.graph.Elementwise;
import dev.peft4j.graph.Node;
import dev.peft4j.graph.Scalar;
import dev.peft4j.graph.ScalarFunctions;
import dev.peft4j.graph.SumTo;
import dev.peft4j.graph.Variable;
import dev.peft4j.op.Arange;
import dev.peft4j.op.Attention;
import dev.peft4j.op.Causal;
import dev.peft4j.op.Concat;
import dev.peft4j.op.CrossEntropy;
import dev.peft4j.op.Expm1;
import dev.peft4j.op.Fold;
import dev.peft4j.op.Gather;
import dev.peft4j.op.GatherAlong;
import dev.peft4j.op.LayerNorm;
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
import dev.peft4j.op.Rotary;
import dev.peft4j.op.ScatterAdd;
import dev.peft4j.op.ScatterAlong;
import dev.peft4j.op.Slice;
import dev.peft4j.op.Softmax;
import dev.peft4j.op.Softplus;
import dev.peft4j.op.StopGradient;
import dev.peft4j.op.Surrogate;
import dev.peft4j.op.Unfold;
import dev.peft4j.op.WriteRows;
import java.util.Arrays;
import java.util.IdentityHashMap;
import java.util.Map;
import java.util.function.DoubleBinaryOperator;

/**
 * Evaluates a graph in double precision, each op by its textbook formula, without programs,
 * lowering or fusion: what the reference backend is compared with, and what finite differences are
 * taken of. Only ops of gradients are decomposed.
 */
public final class DoubleOracle {
  private final Map<Variable, double[]> variables;
  private final Map<Node, double[]> known = new IdentityHashMap<>();

  /** An oracle for which variables have the given values; others have their present ones. */
  public DoubleOracle(Map<Variable, double[]> variables) {
    this.variables = variables;
  }

  /** The value of a node. */
  public double[] value(Node n) {
    double[] v = known.get(n);
    if (v == null) {
      v = compute(n);
      known.put(n, v);
    }
    return v;
  }

  private double[] compute(Node n) {
    double[] given = n.variable() == null ? null : variables.get(n.variable());
    if (given != null) {
      return given;
    }
    Storage stored = n.value();
    if (stored != null) {
      return doubles(stored);
    }
    double[][] x = new double[n.inputs().length][];
    Shape[] s = new Shape[x.length];
    for (int i = 0; i < x.length; i++) {
      x[i] = value(n.input(i));
      s[i] = n.input(i).shape();
    }
    double[] y = new double[n.shape().size()];
    switch (n.op()) {
      case Elementwise e -> elementwise(e, x, s, y, n.shape());
      case BroadcastTo b ->
          Indices.each(n.shape(), i -> y[Indices.flat(n.shape(), i)] = x[0][Indices.flat(s[0], i)]);
      case SumTo t -> reduce(x[0], s[0], y, n.shape(), Double::sum);
      case MaxTo t -> {
        Arrays.fill(y, Double.NEGATIVE_INFINITY);
        reduce(x[0], s[0], y, n.shape(), Math::max);
      }
      case Reshape r -> System.arraycopy(x[0], 0, y, 0, y.length);
      case Decode d -> System.arraycopy(x[0], 0, y, 0, y.length);
      case Surrogate t -> System.arraycopy(x[0], 0, y, 0, y.length);
      case StopGradient t -> System.arraycopy(x[0], 0, y, 0, y.length);
      case Permute p ->
          Indices.each(
              s[0],
              i -> {
                int[] to = new int[i.length];
                for (int k = 0; k < to.length; k++) {
                  to[k] = i[p.order().get(k)];
                }
                y[Indices.flat(n.shape(), to)] = x[0][Indices.flat(s[0], i)];
              });
      case Slice p ->
          Indices.each(
              n.shape(),
              i ->
                  y[Indices.flat(n.shape(), i)] =
                      x[0][Indices.flat(s[0], Indices.moved(i, p.axis(), p.from()))]);
      case Pad p ->
          Indices.each(
              s[0],
              i ->
                  y[Indices.flat(n.shape(), Indices.moved(i, p.axis(), p.before()))] =
                      x[0][Indices.flat(s[0], i)]);
      case Concat c -> {
        int offset = 0;
        for (int k = 0; k < x.length; k++) {
          Shape from = s[k];
          double[] part = x[k];
          int shift = offset;
          Indices.each(
              from,
              i ->
                  y[Indices.flat(n.shape(), Indices.moved(i, c.axis(), shift))] =
                      part[Indices.flat(from, i)]);
          offset += from.dim(c.axis());
        }
      }
      case MatMul m -> OracleProducts.matmul(m, x, s, y, n.shape());
      case LinearOp l -> OracleProducts.linear(x, s, y);
      case Attention a -> OracleProducts.attention(a, x, s, y, n.shape());
      case Rotary r -> OracleProducts.rotary(r, x, s, y);
      case Arange r -> Arrays.setAll(y, i -> i);
      case Unfold u -> OracleProducts.unfold(u.window(), x[0], s[0], y);
      case Fold f -> OracleProducts.fold(f.window(), x[0], f.image(), y);
      case Gather g -> {
        int width = s[0].dim(1);
        for (int i = 0; i < y.length; i++) {
          y[i] = x[0][(int) x[1][i / width] * width + i % width];
        }
      }
      case ScatterAdd a -> {
        int width = n.shape().dim(1);
        for (int i = 0; i < x[0].length; i++) {
          y[(int) x[1][i / width] * width + i % width] += x[0][i];
        }
      }
      case WriteRows w -> {
        System.arraycopy(x[0], 0, y, 0, y.length);
        int width = n.shape().dim(1);
        for (int i = 0; i < x[1].length; i++) {
          y[(int) x[2][i / width] * width + i % width] = x[1][i];
        }
      }
      case GatherAlong g -> {
        int width = s[0].dim(-1);
        int each = n.shape().dim(-1);
        for (int i = 0; i < y.length; i++) {
          y[i] = x[0][i / each * width + (int) x[1][i]];
        }
      }
      case ScatterAlong a -> {
        int width = s[0].dim(-1);
        for (int i = 0; i < x[0].length; i++) {
          y[i / width * a.size() + (int) x[1][i]] += x[0][i];
        }
      }
      case Softplus o ->
          Arrays.setAll(y, i -> Math.max(x[0][i], 0) + Math.log1p(Math.exp(-Math.abs(x[0][i]))));
      case Expm1 o -> Arrays.setAll(y, i -> Math.expm1(x[0][i]));
      case OneHot h -> {
        for (int i = 0; i < x[0].length; i++) {
          if (x[0][i] != h.ignoreIndex()) {
            y[i * h.classes() + (int) x[0][i]] = 1;
          }
        }
      }
      case Causal c -> {
        for (int i = 0; i < y.length; i++) {
          int hidden = i % c.columns() - (i / c.columns() + c.columns() - c.rows());
          y[i] = hidden > 0 ? Double.NEGATIVE_INFINITY : 0;
        }
      }
      case RandomMask r -> {
        long key = n.input(0).value().index(0);
        for (int i = 0; i < y.length; i++) {
          y[i] = RandomMask.element(key, i, r.p());
        }
      }
      case Softmax o -> OracleRows.each(x[0], y, n.shape().dim(-1), OracleRows::softmax);
      case LogSoftmax o -> OracleRows.each(x[0], y, n.shape().dim(-1), OracleRows::logSoftmax);
      case LayerNorm o ->
          OracleRows.each(
              x[0], y, n.shape().dim(-1), r -> OracleRows.layerNorm(r, x[1], x[2], o.eps()));
      case RmsNorm o ->
          OracleRows.each(x[0], y, n.shape().dim(-1), r -> OracleRows.rmsNorm(r, x[1], o.eps()));
      case CrossEntropy o ->
          y[0] = OracleRows.crossEntropy(x[0], x[1], s[0].dim(1), o.ignoreIndex());
      default -> { // gradients of the above
        Node parts = n.op().decompose(n.inputs());
        if (parts == null) {
          throw new AssertionError("no formula for " + n.describe());
        }
        return value(parts);
      }
    }
    return y;
  }

  private static void reduce(double[] x, Shape from, double[] y, Shape to, DoubleBinaryOperator f) {
    int[] steps = Indices.steps(to, from.rank());
    int[] next = {0};
    Indices.each(
        from,
        i -> {
          int k = Indices.position(steps, i);
          y[k] = f.applyAsDouble(y[k], x[next[0]++]);
        });
  }

  private static void elementwise(Elementwise e, double[][] x, Shape[] s, double[] y, Shape shape) {
    double[] at = new double[x.length];
    int[][] steps = new int[x.length][];
    for (int k = 0; k < steps.length; k++) {
      steps[k] = Indices.steps(s[k], shape.rank());
    }
    int[] next = {0};
    Indices.each(
        shape,
        i -> {
          for (int k = 0; k < at.length; k++) {
            at[k] = x[k][Indices.position(steps[k], i)];
          }
          y[next[0]++] = scalar(e.expression(), at);
        });
  }

  private static double scalar(Scalar e, double[] x) {
    return switch (e) {
      case Scalar.Input i -> x[i.index()];
      case Scalar.Const c -> c.value();
      case Scalar.Select c -> scalar(c.condition(), x) != 0 ? scalar(c.a(), x) : scalar(c.b(), x);
      case Scalar.Unary u -> {
        double v = scalar(u.x(), x);
        yield switch (u.fn()) {
          case NEG -> -v;
          case ABS -> Math.abs(v);
          case EXP -> Math.exp(v);
          case LOG -> Math.log(v);
          case SQRT -> Math.sqrt(v);
          case RECIP -> 1 / v;
          case TANH -> Math.tanh(v);
          case SIGMOID -> 1 / (1 + Math.exp(-v));
          case ERF -> ScalarFunctions.erf(v);
          case SIN -> Math.sin(v);
          case COS -> Math.cos(v);
          case SIGN -> Math.signum(v);
        };
      }
      case Scalar.Binary b -> {
        double p = scalar(b.a(), x);
        double q = scalar(b.b(), x);
        yield switch (b.fn()) {
          case ADD -> p + q;
          case SUB -> p - q;
          case MUL -> p * q;
          case DIV -> p / q;
          case MAX -> Math.max(p, q);
          case MIN -> Math.min(p, q);
          case POW -> Math.pow(p, q);
          case GT -> p > q ? 1 : 0;
          case GE -> p >= q ? 1 : 0;
          case EQ -> p == q ? 1 : 0;
        };
      }
    };
  }

  /** The elements as doubles. */
  public static double[] doubles(Storage s) {
    double[] d = new double[(int) s.elements()];
    for (int i = 0; i < d.length; i++) {
      d[i] = s.dtype().isInteger() ? s.index(i) : s.floatAt(i);
    }
    return d;
  }
}
