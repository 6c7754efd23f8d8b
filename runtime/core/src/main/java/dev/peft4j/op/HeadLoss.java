package dev.peft4j.op;

import dev.peft4j.data.DType;
import dev.peft4j.data.Shape;
import dev.peft4j.data.ShapeException;
import dev.peft4j.graph.Node;
import dev.peft4j.graph.Op;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Mean cross-entropy of the logits of an output layer, from what goes into the layer: the logits
 * {@code softcap(scale · (Σ xᵢ · Wᵢᵀ + b))} are computed a few rows at a time, only for rows whose
 * label counts, and never kept. The first pair is the hidden states and the layer's weight; an
 * adapter of low rank is a further pair. Inputs labels (n) of integers, then x (n, d) and W
 * (classes, d) of each pair, then b (classes) if there is one. The result is a scalar, NaN if no
 * row counts.
 *
 * @param pairs the number of products that are added, at least 1
 * @param bias whether there is a bias
 * @param rule which rows count, and how much
 * @param scale what the sum is multiplied by; 1 for nothing
 * @param softcap logits are {@code softcap · tanh(z / softcap)} (Gemma 2); 0 for none
 * @param metrics whether the pass with the gradients computes {@link HeadMetrics}, too
 */
public record HeadLoss(
    int pairs, boolean bias, Rule rule, float scale, float softcap, boolean metrics) implements Op {
  /**
   * The rule by which a row's loss follows from its logits.
   *
   * @param ignoreIndex rows with this label do not count
   * @param smoothing the part of the target that is spread over all classes, from 0 to 1 (Szegedy
   *     et al. 2015)
   * @param byProbability whether a row's loss is multiplied by the probability of its label, which
   *     is taken as a constant (dynamic fine-tuning, Wu et al. 2025)
   */
  public record Rule(int ignoreIndex, float smoothing, boolean byProbability) {
    /** Plain cross-entropy without the rows labelled -100. */
    public static final Rule PLAIN = new Rule(-100, 0, false);

    /** Checks the settings. */
    public Rule {
      if (!(smoothing >= 0 && smoothing <= 1)) {
        throw new IllegalArgumentException(
            "the label smoothing is " + smoothing + ", must be from 0 to 1");
      }
      if (smoothing > 0 && byProbability) {
        throw new IllegalArgumentException(
            "label smoothing and a loss weighted by probability exclude each other");
      }
    }
  }

  /** Checks the settings. */
  public HeadLoss {
    if (pairs < 1 || !Float.isFinite(scale) || !(softcap >= 0 && Float.isFinite(softcap))) {
      throw new IllegalArgumentException(
          "headLoss: "
              + pairs
              + " products, scale "
              + scale
              + ", softcap "
              + softcap
              + ": needed at least one product, a finite scale and a softcap of at least 0");
    }
  }

  /** One product of the sum: rows (n, d) and a weight (classes, d). */
  public record Pair(Node x, Node weight) {}

  /**
   * Returns the mean loss.
   *
   * @param labels (n), integers
   * @param bias (classes), or null
   */
  public static Node of(
      List<Pair> pairs, @Nullable Node bias, Node labels, Rule rule, float scale, float softcap) {
    return of(pairs, bias, labels, rule, scale, softcap, false);
  }

  /**
   * Returns the mean loss.
   *
   * @param metrics whether {@link HeadMetrics} of it are wanted
   */
  public static Node of(
      List<Pair> pairs,
      @Nullable Node bias,
      Node labels,
      Rule rule,
      float scale,
      float softcap,
      boolean metrics) {
    List<Node> in = new ArrayList<>();
    in.add(labels);
    for (Pair p : pairs) {
      in.add(p.x);
      in.add(p.weight);
    }
    if (bias != null) {
      in.add(bias);
    }
    HeadLoss op = new HeadLoss(pairs.size(), bias != null, rule, scale, softcap, metrics);
    return Node.of(op, in.toArray(new Node[0]));
  }

  /** Returns which input is the rows of a pair. */
  public static int x(int pair) {
    return 1 + 2 * pair;
  }

  /** Returns which input is the weight of a pair. */
  public static int weight(int pair) {
    return 2 + 2 * pair;
  }

  /** Returns the number of classes: rows of the weights. */
  public int classes(Shape[] inputs) {
    return inputs[2].dim(0);
  }

  @Override
  public Shape shape(Node[] inputs) {
    check(inputs);
    return Shape.SCALAR;
  }

  @Override
  public DType dtype(Node[] inputs) {
    return DType.FLOAT32;
  }

  void check(Node[] inputs) {
    Shape labels = inputs[0].shape();
    boolean fits = inputs[0].dtype().isInteger() && labels.rank() == 1;
    Shape w = inputs[2].shape();
    for (int p = 0; p < pairs; p++) {
      Shape x = inputs[x(p)].shape();
      Shape weight = inputs[weight(p)].shape();
      fits &= x.rank() == 2 && weight.rank() == 2 && x.dim(1) == weight.dim(1);
      fits = fits && x.dim(0) == labels.dim(0) && weight.dim(0) == w.dim(0);
    }
    if (fits && bias) {
      fits = inputs[inputs.length - 1].shape().equals(Shape.of(w.dim(0)));
    }
    for (int i = 1; i < inputs.length; i++) {
      fits &= inputs[i].dtype() == DType.FLOAT32;
    }
    if (!fits) {
      StringBuilder found = new StringBuilder();
      for (Node n : inputs) {
        found.append(found.isEmpty() ? "" : ", ").append(n.dtype()).append(' ').append(n.shape());
      }
      throw new ShapeException(
          "headLoss: found "
              + found
              + "; needed n integer labels, then FLOAT32 rows (n, d) and a weight (classes, d)"
              + (pairs > 1 ? " for each of " + pairs + " products" : "")
              + (bias ? ", then a bias (classes)" : ""));
    }
    if (labels.dim(0) == 0 || w.dim(0) == 0) {
      throw new ShapeException(
          "headLoss: " + labels.dim(0) + " rows and " + w.dim(0) + " classes: nothing to compute");
    }
  }

  @Override
  public long flops(Shape[] inputs, Shape output) {
    long sum = 0;
    for (int p = 0; p < pairs; p++) {
      sum += 2 * inputs[x(p)].elements() * inputs[weight(p)].dim(0);
    }
    return sum + 6L * inputs[0].dim(0) * inputs[2].dim(0);
  }

  @Override
  public @Nullable Node[] gradient(Node out, Node dOut) {
    int wanted = 0;
    for (int i = 1; i < out.inputs().length; i++) {
      wanted |= out.input(i).requiresGrad() ? 1 << i : 0;
    }
    HeadLossGrad op = new HeadLossGrad(this, wanted);
    Node all = Node.of(op, out.inputs());
    @Nullable Node[] grads = new @Nullable Node[out.inputs().length];
    for (int i = 1; i < grads.length; i++) {
      if ((wanted & 1 << i) != 0) {
        grads[i] = Pointwise.mul(op.part(all, i), dOut);
      }
    }
    return grads;
  }

  /** Returns the loss that a {@link HeadLossGrad} of the same inputs computes on the way. */
  @Override
  public @Nullable Node partOf(Node other) {
    return other.op() instanceof HeadLossGrad g && g.loss().equals(this) ? g.loss(other) : null;
  }

  @Override
  public Node decompose(Node[] inputs) {
    return new HeadLossParts(this, inputs).loss();
  }
}
