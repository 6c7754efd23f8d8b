package dev.peft4j.backend;

import dev.peft4j.data.Rng;
import dev.peft4j.data.Shape;
import dev.peft4j.data.ShapeException;
import dev.peft4j.data.Storage;
import dev.peft4j.graph.BroadcastTo;
import dev.peft4j.graph.Node;
import dev.peft4j.graph.Variable;
import dev.peft4j.op.Pad;
import dev.peft4j.op.Window;
import dev.peft4j.tensor.Tensor;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.stream.IntStream;

/**
 * Random graphs of every op over dimensions of 0, 1, 2 and 3: parts of what was computed (empty
 * ones too), joins, padding, broadcasts, reductions, products, attention and norms, and gradients
 * through all of it. At these sizes what is repeated, what is empty and what is taken whole look
 * alike.
 */
final class SmallGraphs {
  /**
   * Nothing is computed yet.
   *
   * @param smooth false if there are kinks, where differences say little
   */
  record Built(List<Tensor> results, Tensor loss, List<Variable> variables, boolean smooth) {
    /** Everything that is wanted, results first. */
    List<Node> roots() {
      List<Node> roots = new ArrayList<>();
      results.forEach(t -> roots.add(t.node()));
      variables.forEach(v -> roots.add(v.gradient()));
      return roots.stream().filter(n -> n != null && !n.isKnown()).distinct().toList();
    }
  }

  private static final double[] SIZES = {0.15, 0.5, 0.8}; // 0, 1, 2, else 3

  private final Rng rng;
  private final List<Tensor> pool = new ArrayList<>();
  private final List<Variable> variables = new ArrayList<>();
  private final boolean smooth;

  private SmallGraphs(long seed) {
    this.rng = new Rng(seed);
    this.smooth = rng.nextDouble() < 0.5;
  }

  /** The graph of a seed; equal seeds build equal graphs over equal data. */
  static Built build(long seed) {
    return new SmallGraphs(seed).build();
  }

  private Built build() {
    for (int i = 0; i < 3; i++) {
      pool.add(leaf(shape(1 + pick(3))));
    }
    int steps = 2 + pick(12);
    int made = 0;
    for (int tries = 0; made < steps && tries < 400; tries++) {
      try {
        Tensor t = rng.nextDouble() < 0.3 ? part(any()) : step(any(), pick(31));
        if (t != null && t.shape().elements() <= 300 && t.shape().rank() <= 5) {
          pool.add(t);
          made++;
        }
      } catch (ShapeException e) {
        // these do not fit
      }
    }
    List<Tensor> results = new ArrayList<>();
    Variable always = new Variable("always", Storage.of(0.5f, -1), Shape.of(2), true);
    variables.add(always);
    Tensor loss = Tensor.of(always.node()).square().sum();
    for (int i = 3; i < pool.size(); i++) {
      Tensor t = pool.get(i);
      boolean last = i == pool.size() - 1;
      if (last || rng.nextDouble() < 0.15) {
        results.add(t);
      }
      if (last || rng.nextDouble() < 0.3) {
        loss = loss.add(rng.nextDouble() < 0.5 ? t.tanh().sum() : part(t).tanh().sum().mul(0.5f));
      }
    }
    loss.backward();
    results.add(loss);
    return new Built(results, loss, variables, smooth);
  }

  private Tensor step(Tensor a, int op) {
    int rank = a.shape().rank();
    return switch (op) {
      case 0, 1, 2 -> unary(a, pick(smooth ? 10 : 14));
      case 3, 4, 5 -> binary(a, any(), pick(smooth ? 4 : 7));
      case 6 -> binary(a, leaf(Shape.of(repeated(a))), pick(4));
      case 7 -> a.permute(order(rank));
      case 8 -> a.reshape(regrouped(a.shape()));
      case 9 -> Tensor.of(BroadcastTo.of(a.node(), wider(a.shape())));
      case 10, 11 -> join(a);
      case 12 -> pad(a);
      case 13, 14 -> reduce(a, pick(smooth ? 4 : 6));
      case 15 -> rank == 0 ? null : rowWise(a, pick(4));
      case 16 -> product(a);
      case 17 -> a.linear(leaf(Shape.of(size(), a.dim(-1))), null).tanh();
      case 18 -> {
        int out = size();
        yield a.linear(leaf(Shape.of(out, a.dim(-1))), leaf(Shape.of(out)));
      }
      case 19 -> attention(a);
      case 20 -> rank == 2 ? a.embedding(ids(a.dim(0))) : a.sum(axis(rank));
      case 21 -> convolution(a);
      case 22 -> loss(a);
      case 23, 24, 25, 26, 27, 28, 29 -> SmallOps.step(rng, a, smooth, this::leaf);
      default -> special(a, pick(3));
    };
  }

  private Tensor unary(Tensor a, int op) {
    return switch (op) {
      case 0 -> a.tanh();
      case 1 -> a.gelu();
      case 2 -> a.sigmoid();
      case 3 -> a.square().add(1).sqrt();
      case 4 -> a.mul(0.5f).add(0.25f);
      case 5 -> a.silu();
      case 6 -> a.tanh().exp();
      case 7 -> a.pow(0).add(a.sin());
      case 8 -> a.square();
      case 9 -> a.neg();
      case 10 -> a.relu();
      case 11 -> a.abs();
      case 12 -> a.maskedFill(a.apply(dev.peft4j.op.Pointwise.GREATER, Tensor.zeros()), 0.5f);
      default -> a.square().add(1).log();
    };
  }

  private Tensor binary(Tensor a, Tensor b, int op) {
    return switch (op) {
      case 0 -> a.add(b);
      case 1 -> a.tanh().mul(b);
      case 2 -> a.sub(b.mul(0.3f));
      case 3 -> a.div(b.square().add(1));
      case 4 -> a.maximum(b);
      case 5 -> a.minimum(b);
      default -> a.maskedFill(mask(b.shape()), -1);
    };
  }

  private Tensor mask(Shape s) {
    float[] m = rng.uniform(s.size(), 0, 1);
    for (int i = 0; i < m.length; i++) {
      m[i] = m[i] < 0.5f ? 0 : 1;
    }
    return Tensor.of(Storage.of(m), s);
  }

  /** Mostly short, often empty, sometimes all. */
  private Tensor part(Tensor a) {
    if (a.shape().rank() == 0) {
      return a;
    }
    int axis = pick(a.shape().rank());
    int n = a.dim(axis);
    int from = pick(n + 1);
    return a.slice(axis, from, from + pick(n - from + 1));
  }

  private Tensor join(Tensor a) {
    int axis = axis(a.shape().rank());
    List<Tensor> parts = new ArrayList<>(List.of(a));
    for (int i = pick(3); i >= 0; i--) {
      parts.add(
          switch (pick(3)) {
            case 0 -> a.tanh();
            case 1 -> leaf(a.shape().with(axis, size()));
            default -> part(a.slice(axis, 0, a.dim(axis)));
          });
    }
    Collections.swap(parts, 0, pick(parts.size()));
    return Tensor.concat(axis, parts.toArray(Tensor[]::new));
  }

  private Tensor pad(Tensor a) {
    return Tensor.of(Node.of(new Pad(axis(a.shape().rank()), pick(3), pick(3)), a.node()));
  }

  private Tensor reduce(Tensor a, int op) {
    int rank = a.shape().rank();
    int[] axes =
        IntStream.range(0, rank).filter(i -> rng.nextDouble() < 0.4).toArray(); // none: all
    return switch (op) {
      case 0 -> a.sum(axes);
      case 1 -> a.sumKeep(axes);
      case 2 -> a.mean(axes);
      case 3 -> a.sub(a.meanKeep(axes));
      case 4 -> a.maxKeep(axes);
      default -> a.max(axes);
    };
  }

  private Tensor rowWise(Tensor a, int op) {
    int n = a.dim(-1);
    return switch (op) {
      case 0 -> a.softmax(axis(a.shape().rank()));
      case 1 -> a.logSoftmax(axis(a.shape().rank()));
      case 2 -> a.layerNorm(leaf(Shape.of(n)), leaf(Shape.of(n)), 0.1f);
      default -> a.rmsNorm(leaf(Shape.of(n)), 0.1f);
    };
  }

  private Tensor product(Tensor a) {
    if (a.shape().rank() < 2) {
      return a.reshape(1, a.shape().size()).matmul(leaf(Shape.of(a.shape().size(), size())));
    }
    int[] d = a.shape().toArray();
    int k = d[d.length - 1];
    int[] b = rng.nextDouble() < 0.5 ? new int[2] : repeated(a.shape(), 2);
    b[b.length - 2] = k;
    b[b.length - 1] = size();
    Tensor right = leaf(Shape.of(b));
    return switch (pick(3)) {
      case 0 -> a.matmul(right);
      case 1 -> a.matmul(right.transpose(-1, -2).mul(0.5f).transpose(-1, -2));
      default -> a.transpose(-1, -2).mul(0.5f).transpose(-1, -2).matmul(right).tanh();
    };
  }

  private Tensor attention(Tensor a) {
    int kvHeads = 1 + pick(2);
    int heads = kvHeads * (1 + pick(2));
    int d = 1 + pick(2);
    boolean own = a.shape().rank() == 3 && a.dim(2) % heads == 0;
    Tensor q = own ? a : leaf(Shape.of(size(), size(), heads * d));
    int keys = size();
    Shape kv = Shape.of(q.dim(0), keys, q.dim(2) / heads * kvHeads);
    Tensor mask = null;
    if (rng.nextDouble() < 0.6) {
      Shape scores = Shape.of(q.dim(0), heads, q.dim(1), keys);
      Tensor hidden = mask(Shape.of(repeated(scores, 0)));
      // whole rows of it at these sizes
      mask = hidden.sub(1).maskedFill(hidden, Float.NEGATIVE_INFINITY);
    }
    boolean causal = rng.nextDouble() < 0.3;
    Tensor k = leaf(kv);
    Tensor v = rng.nextDouble() < 0.5 ? leaf(kv) : k.tanh();
    return Tensor.attention(q, k, v, mask, heads, kvHeads, causal);
  }

  private Tensor ids(int rows) {
    if (rows == 0) {
      return Tensor.of(new int[0], 0);
    }
    int[] d = shape(1 + pick(2)).toArray();
    int n = Arrays.stream(d).reduce(1, (x, y) -> x * y);
    Tensor ids = Tensor.of(IntStream.range(0, n).map(i -> pick(rows)).toArray(), d);
    return switch (pick(4)) {
      case 0 -> part(ids);
      case 1 -> Tensor.concat(0, ids, part(ids.slice(0, 0, d[0])));
      case 2 -> ids.permute(order(d.length));
      default -> ids;
    };
  }

  private Tensor convolution(Tensor a) {
    int channels = a.shape().rank() == 0 ? 1 : a.dim(0);
    int rest = a.shape().rank() == 0 ? 1 : a.shape().product(1, a.shape().rank());
    Tensor image = a.reshape(1, channels, rest, 1);
    int out = size();
    int k = 1 + pick(2);
    Window w = new Window(k, 1, 1 + pick(2), 1, pick(2), pick(2), 1 + pick(2), 1);
    return image.conv2d(leaf(Shape.of(out, channels, k, 1)), leaf(Shape.of(out)), w);
  }

  private Tensor loss(Tensor a) {
    if (a.shape().rank() == 0 || a.shape().elements() == 0) {
      return null;
    }
    Tensor rows = a.reshape(a.shape().rows(), a.shape().columns());
    int[] labels = IntStream.range(0, rows.dim(0)).map(i -> pick(rows.dim(1))).toArray();
    labels[0] = labels.length > 1 && rng.nextDouble() < 0.3 ? -100 : labels[0];
    return rows.crossEntropy(Tensor.of(labels));
  }

  private Tensor special(Tensor a, int op) {
    return switch (op) {
      case 0 -> a.dropout(0.3f, Tensor.of(new long[] {rng.nextLong()}));
      case 1 -> smooth ? a.mul(a) : a.detach().mul(a); // differences see through it
      default -> {
        Tensor half = part(a.tanh());
        yield half.shape().equals(a.shape()) ? half.mul(a) : half;
      }
    };
  }

  private Tensor leaf(Shape s) {
    return rng.nextDouble() < 0.6
        ? Tensor.of(variable(s).node())
        : Tensor.of(Storage.of(rng.normal(s.size(), 0, 1)), s);
  }

  private Variable variable(Shape s) {
    Storage values = Storage.of(rng.normal(s.size(), 0, 1));
    boolean trainable = rng.nextDouble() < 0.8;
    Variable v = new Variable("v" + variables.size(), values, s, trainable);
    if (trainable) {
      variables.add(v);
    }
    return v;
  }

  private int size() {
    double p = rng.nextDouble();
    int n = 0;
    while (n < SIZES.length && p > SIZES[n]) {
      n++;
    }
    return n;
  }

  private Shape shape(int rank) {
    return Shape.of(IntStream.range(0, rank).map(i -> size()).toArray());
  }

  /** Sizes that broadcast to a shape, some of them 1. */
  private int[] repeated(Tensor a) {
    return repeated(a.shape(), 0);
  }

  private int[] repeated(Shape s, int last) {
    int[] d = s.toArray();
    for (int i = 0; i < d.length - last; i++) {
      d[i] = rng.nextDouble() < 0.4 ? 1 : d[i];
    }
    int dropped = last == 0 ? pick(d.length + 1) : 0;
    return Arrays.copyOfRange(d, dropped, d.length);
  }

  /** A shape that this broadcasts to. */
  private Shape wider(Shape s) {
    int[] d = s.toArray();
    for (int i = 0; i < d.length; i++) {
      d[i] = d[i] == 1 ? size() : d[i];
    }
    if (rng.nextDouble() < 0.3) {
      int[] more = new int[d.length + 1];
      more[0] = size();
      System.arraycopy(d, 0, more, 1, d.length);
      d = more;
    }
    return Shape.of(d);
  }

  /** The same elements: sizes of 1 put in or left out, neighbours joined, others of nothing. */
  private int[] regrouped(Shape s) {
    List<Integer> d = new ArrayList<>();
    if (s.elements() == 0) {
      int[] any = shape(1 + pick(3)).toArray();
      any[pick(any.length)] = 0;
      return any;
    }
    for (int size : s.toArray()) {
      if (!d.isEmpty() && rng.nextDouble() < 0.3) {
        d.set(d.size() - 1, d.getLast() * size);
      } else if (size != 1 || rng.nextDouble() < 0.5) {
        d.add(size);
      }
      if (rng.nextDouble() < 0.3) {
        d.add(1);
      }
    }
    return d.isEmpty() ? new int[] {1} : d.stream().mapToInt(i -> i).toArray();
  }

  private int[] order(int rank) {
    List<Integer> order = new ArrayList<>();
    for (int i = 0; i < rank; i++) {
      order.add(pick(i + 1), i);
    }
    return order.stream().mapToInt(i -> i).toArray();
  }

  private int axis(int rank) {
    if (rank == 0) {
      throw new ShapeException("no axis");
    }
    return pick(rank);
  }

  private Tensor any() {
    // mostly what was made last, so that graphs get deep
    return pool.get(
        rng.nextDouble() < 0.6 ? Math.max(0, pool.size() - 1 - pick(2)) : pick(pool.size()));
  }

  private int pick(int n) {
    return (int) (rng.nextDouble() * n);
  }
}
