package dev.peft4j.train;

import dev.peft4j.data.Storage;
import dev.peft4j.graph.Node;
import dev.peft4j.graph.Variable;
import dev.peft4j.nn.Parameter;
import dev.peft4j.op.Pointwise;
import dev.peft4j.tensor.Tensor;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The sum of the gradients of a step's batches that were computed elsewhere: float32, one batch
 * after the other in their order, as {@link Accumulation} adds them.
 */
final class GradientSum implements StepLoss {
  private static final ValueLayout.OfFloat F32 = ValueLayout.JAVA_FLOAT_UNALIGNED;

  private final boolean several;
  private final @Nullable Storage[] sums;
  private final Weighted losses = new Weighted();
  private boolean any;
  private boolean added;
  private double addedLosses;
  private double scales;

  /**
   * Creates an empty sum.
   *
   * @param parameters how many are trained
   */
  GradientSum(int parameters, boolean several) {
    this.several = several;
    this.sums = new Storage[parameters];
  }

  /** Adds the next batch. */
  void add(BatchGradient b) {
    if (several && b.count() == 0) {
      return;
    }
    if (!any) {
      any = true;
      added = b.sums();
    }
    scales += b.scale();
    addedLosses += b.loss();
    losses.add(b.loss(), b.count());
    for (int i = 0; i < sums.length; i++) {
      Storage g = b.gradients().get(i);
      Storage s = sums[i];
      if (g != null && s == null) {
        sums[i] = g;
      } else if (g != null && s != null) {
        add(s.segment(), g.segment(), s.elements());
      }
    }
  }

  private static void add(MemorySegment to, MemorySegment from, long n) {
    for (long i = 0; i < n; i++) {
      to.setAtIndex(F32, i, to.getAtIndex(F32, i) + from.getAtIndex(F32, i));
    }
  }

  /** Makes the sums the gradients of parameters; false if nothing counts in any batch. */
  boolean finish(List<Parameter> parameters) {
    if (!any) {
      return false;
    }
    boolean scaled = several && !added && scales != 1;
    Node factor = scaled ? Tensor.scalar((float) (1 / scales)).node() : null;
    for (int i = 0; i < sums.length; i++) {
      Storage s = sums[i];
      if (s != null) {
        Variable v = parameters.get(i).variable();
        Node g = Node.data(s, v.shape());
        v.replaceGradient(factor == null ? g : Pointwise.mul(g, factor));
      }
    }
    return true;
  }

  @Override
  public double loss() {
    return several && !added ? losses.mean() : addedLosses;
  }

  @Override
  public double count() {
    return losses.count();
  }
}
