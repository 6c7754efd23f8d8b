package dev.peft4j.train;

import dev.peft4j.graph.Node;
import dev.peft4j.graph.Variable;
import dev.peft4j.nn.Parameter;
import dev.peft4j.op.Pointwise;
import dev.peft4j.tensor.Tensor;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The losses and gradients of the batches of one step. Each batch is weighted by the number of
 * things that its loss is the mean of, so that the step is that of one large batch.
 */
final class Accumulation implements StepLoss {
  private final boolean several;
  private final Weighted losses = new Weighted();
  private double unit;
  private double scales;
  private boolean sums;
  private double added;
  private @Nullable Tensor only;
  private @Nullable LossCount onlyCount;
  private double onlyGiven;
  private int onlyExamples;

  /** Creates the accumulation for a step over {@code batches} batches. */
  Accumulation(int batches) {
    this.several = batches > 1;
  }

  /** The receiver of the loss of a batch when it is computed; may throw. */
  interface Check {
    void accept(float loss);
  }

  /**
   * Adds a batch. If it is one of several, its gradients are computed now, so that the memory of
   * its activations is free again.
   *
   * @param besides what adapters add to it, or null
   * @param given the number of things that the loss is the mean of; NaN to find out
   * @param examples in the batch, or 0
   */
  void add(Tensor own, @Nullable Tensor besides, double given, int examples, Check check) {
    LossCount count = LossCount.of(own);
    Tensor loss = besides == null ? own : own.add(besides);
    if (!several) {
      count.retain();
      loss.backward();
      only = loss;
      onlyCount = count;
      onlyGiven = given;
      onlyExamples = examples;
      return;
    }
    boolean sum = Double.isNaN(given) && count.isSum();
    double n = Double.isNaN(given) ? count.value(examples) : given;
    if (n == 0) {
      return; // nothing in it counts: its loss is 0 / 0
    }
    if (unit == 0) {
      unit = n;
      sums = sum;
    }
    double scale = sums ? 1 : n / unit;
    Tensor scaled = loss.mul(Tensor.scalar((float) scale));
    scaled.backward();
    float value = loss.item();
    check.accept(value);
    scales += scale;
    added += value;
    losses.add(value, n);
  }

  /**
   * Makes the gradients those of one batch, and returns false if there are none because nothing
   * counts.
   */
  boolean finish(List<Parameter> parameters) {
    if (!several) {
      return true;
    }
    if (unit == 0) {
      return false;
    }
    if (!sums && scales != 1) {
      Node factor = Tensor.scalar((float) (1 / scales)).node();
      for (Parameter p : parameters) {
        Variable v = p.variable();
        Node g = v.gradient();
        if (g != null) {
          v.replaceGradient(Pointwise.mul(g, factor));
        }
      }
    }
    return true;
  }

  @Override
  public double loss() {
    return only != null ? only.item() : sums ? added : losses.mean();
  }

  @Override
  public double count() {
    LossCount c = onlyCount;
    if (c == null) {
      return losses.count();
    }
    return Double.isNaN(onlyGiven) ? c.value(onlyExamples) : onlyGiven;
  }
}
