package dev.peft4j.op;

import dev.peft4j.data.Shape;
import dev.peft4j.graph.Decode;
import dev.peft4j.graph.Elementwise;
import dev.peft4j.graph.Node;
import dev.peft4j.graph.Scalar;
import dev.peft4j.graph.SumTo;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * {@link HeadLoss} and its gradients made of simpler ops, a few rows at a time: for backends
 * without a kernel, which so do not hold all logits either.
 */
final class HeadLossParts {
  /** Logits of this many elements at a time, 16 MiB. */
  private static final int ELEMENTS = 1 << 22;

  private static final Shape ONE = Shape.of(1, 1);

  private static final Elementwise NOT =
      new Elementwise("not", 1, Scalar.of(1).sub(Scalar.input(0)));

  private final HeadLoss op;
  private final Node[] in;
  private final int rows;
  private final int classes;

  HeadLossParts(HeadLoss op, Node[] in) {
    this.op = op;
    this.in = in;
    this.rows = in[0].shape().dim(0);
    this.classes = in[2].shape().dim(0);
  }

  /** Some rows: what the loss and the gradients are computed from. */
  private final class Chunk {
    final int from;
    final int to;
    final Node labels;
    final Node logits;
    final Node hot;
    final Node counts;

    Chunk(int from, int to) {
      this.from = from;
      this.to = to;
      this.labels = Slice.of(in[0], 0, from, to);
      this.hot = Node.of(new OneHot(classes, op.rule().ignoreIndex()), labels);
      this.counts = counts(labels, to - from);
      this.logits = logits();
    }

    private Node x(int pair) {
      return Slice.of(in[HeadLoss.x(pair)], 0, from, to);
    }

    private Node logits() {
      Node z = null;
      for (int p = 0; p < op.pairs(); p++) {
        Node bias = op.bias() && p == 0 ? in[in.length - 1] : null;
        Node part = LinearOp.of(x(p), in[HeadLoss.weight(p)], bias);
        z = z == null ? part : Pointwise.add(z, part);
      }
      Node y = java.util.Objects.requireNonNull(z);
      y = op.scale() == 1 ? y : Pointwise.mul(y, op.scale());
      float cap = op.softcap();
      return cap == 0
          ? y
          : Pointwise.mul(Node.of(Pointwise.TANH, Pointwise.mul(y, 1.0 / cap)), cap);
    }

    /** The probability of each row's label, or null if rows do not depend on it. */
    private @Nullable Node probability() {
      return op.rule().byProbability()
          ? Reduce.sum(Pointwise.mul(Node.of(new Softmax(), logits), hot), true, -1)
          : null;
    }

    /** The sum of the losses of the rows that count. */
    Node loss() {
      Node logP = Node.of(new LogSoftmax(), logits);
      float e = op.rule().smoothing();
      Node picked = Reduce.sum(Node.of(CrossEntropy.PICK, logP, hot), true, -1);
      Node p = probability();
      if (p != null) {
        picked = Pointwise.mul(picked, p);
      }
      if (e > 0) {
        Node all = Node.of(CrossEntropy.PICK, Reduce.mean(logP, true, -1), counts);
        picked = Pointwise.add(Pointwise.mul(picked, 1 - e), Pointwise.mul(all, e));
      }
      return Node.of(Pointwise.NEG, SumTo.of(picked, ONE));
    }

    /** The number of rows that count whose largest logit is the label's. */
    Node hits() {
      Node largest = Node.of(new MaxTo(Shape.of(to - from, 1)), logits);
      Node own = Reduce.sum(Pointwise.mul(logits, hot), true, -1);
      Node hit = Node.of(Pointwise.GREATER_OR_EQUAL, own, largest);
      return SumTo.of(Node.of(CrossEntropy.PICK, hit, counts), ONE);
    }

    /** The sum of the entropies of the rows that count. */
    Node entropy() {
      Node logP = Node.of(new LogSoftmax(), logits);
      Node each = Reduce.sum(Pointwise.mul(Node.of(new Softmax(), logits), logP), true, -1);
      return Node.of(Pointwise.NEG, SumTo.of(Node.of(CrossEntropy.PICK, each, counts), ONE));
    }

    /** The gradient of the mean loss for {@code Σ x · Wᵀ + b}. */
    Node dz(Node share) {
      float e = op.rule().smoothing();
      Node target = e == 0 ? hot : Pointwise.add(Pointwise.mul(hot, 1 - e), e / classes);
      Node p = probability();
      Node dz = Pointwise.sub(Node.of(new Softmax(), logits), target);
      dz = p == null ? dz : Pointwise.mul(dz, p);
      dz = Pointwise.mul(Node.of(CrossEntropy.PICK, dz, counts), share);
      float cap = op.softcap();
      if (cap > 0) {
        Node t = Pointwise.mul(logits, 1.0 / cap);
        dz = Pointwise.mul(dz, Node.of(NOT, Pointwise.mul(t, t)));
      }
      return op.scale() == 1 ? dz : Pointwise.mul(dz, op.scale());
    }
  }

  private Node counts(Node labels, int n) {
    Node ids = Reshape.of(Node.of(new Decode(), labels), n, 1);
    return Node.of(Pointwise.NOT_EQUAL, ids, Pointwise.constant(op.rule().ignoreIndex()));
  }

  private Node count() {
    return SumTo.of(counts(in[0], rows), ONE);
  }

  /** Applies {@code each} to a chunk after the other: their logits do not live at the same time. */
  private void chunks(java.util.function.Consumer<Chunk> each) {
    int step = Math.max(1, Math.min(rows, ELEMENTS / classes));
    for (int from = 0; from < rows; from += step) {
      each.accept(new Chunk(from, Math.min(rows, from + step)));
    }
  }

  private static Node plus(@Nullable Node sum, Node x) {
    return sum == null ? x : Pointwise.add(sum, x);
  }

  Node loss() {
    @Nullable Node[] sum = new @Nullable Node[1];
    chunks(c -> sum[0] = plus(sum[0], c.loss()));
    return Reshape.of(
        Node.of(Pointwise.DIV, java.util.Objects.requireNonNull(sum[0]), count()), Shape.SCALAR);
  }

  /** The sums that {@link HeadMetrics} are means of. */
  private static final class Sums {
    private @Nullable Node hits;
    private @Nullable Node entropy;
    private @Nullable Node loss;

    void add(Chunk c) {
      hits = plus(hits, c.hits());
      entropy = plus(entropy, c.entropy());
      loss = plus(loss, c.loss());
    }
  }

  private Node mean(@Nullable Node sum) {
    Node mean = Node.of(Pointwise.DIV, java.util.Objects.requireNonNull(sum), count());
    return Reshape.of(mean, Shape.of(1));
  }

  Node metrics() {
    Sums sums = new Sums();
    chunks(sums::add);
    return Concat.of(0, mean(sums.hits), mean(sums.entropy), mean(sums.loss));
  }

  Node all(HeadLossGrad grad) {
    Node share =
        Node.of(
            Pointwise.DIV,
            Pointwise.constant(1),
            Node.of(Pointwise.MAXIMUM, count(), Pointwise.constant(1)));
    @Nullable Node[] sum = new @Nullable Node[1];
    Sums metrics = new Sums();
    @Nullable Node[] sums = new @Nullable Node[in.length];
    List<List<Node>> dx = new ArrayList<>();
    for (int p = 0; p < op.pairs(); p++) {
      dx.add(new ArrayList<>());
    }
    chunks(
        c -> {
          if (op.metrics()) {
            metrics.add(c);
          } else {
            sum[0] = plus(sum[0], c.loss());
          }
          Node dz = c.dz(share);
          for (int p = 0; p < op.pairs(); p++) {
            int w = HeadLoss.weight(p);
            if (grad.wants(HeadLoss.x(p))) {
              dx.get(p).add(MatMul.of(dz, false, in[w], false));
            }
            if (grad.wants(w)) {
              sums[w] = plus(sums[w], MatMul.of(dz, true, c.x(p), false));
            }
          }
          if (op.bias() && grad.wants(in.length - 1)) {
            sums[in.length - 1] = plus(sums[in.length - 1], Reduce.sum(dz, false, 0));
          }
        });
    List<Node> parts = new ArrayList<>();
    for (int i = 1; i < in.length; i++) {
      if (grad.wants(i)) {
        boolean rowWise = i < 1 + 2 * op.pairs() && i % 2 == 1;
        Node g =
            rowWise
                ? Concat.of(0, dx.get(i / 2).toArray(new Node[0]))
                : java.util.Objects.requireNonNull(sums[i]);
        parts.add(Reshape.of(g, Shape.of(in[i].shape().size())));
      }
    }
    if (op.metrics()) {
      parts.add(mean(metrics.hits));
      parts.add(mean(metrics.entropy));
    }
    parts.add(mean(op.metrics() ? metrics.loss : sum[0]));
    return Concat.of(0, parts.toArray(new Node[0]));
  }
}
