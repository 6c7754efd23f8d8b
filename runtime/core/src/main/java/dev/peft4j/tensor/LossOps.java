package dev.peft4j.tensor;

import dev.peft4j.data.ShapeException;
import dev.peft4j.graph.Node;
import dev.peft4j.op.Activations;
import dev.peft4j.op.CrossEntropy;
import dev.peft4j.op.HeadLoss;
import dev.peft4j.op.OneHot;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The losses of a {@link Tensor}: this is the prediction. Unless it says otherwise a loss is the
 * mean over all elements; {@link Reduction} chooses.
 */
public sealed interface LossOps permits Tensor {
  /** Returns the graph node that computes this tensor. */
  Node node();

  /**
   * Returns the mean cross-entropy of these logits (n, classes) against n integer labels: torch's
   * {@code F.cross_entropy}.
   *
   * @param ignoreIndex rows with this label do not count
   */
  default Tensor crossEntropy(Tensor labels, int ignoreIndex) {
    return Tensor.of(CrossEntropy.of(node(), labels.node(), ignoreIndex));
  }

  /**
   * Returns the mean cross-entropy, see {@link #crossEntropy(Tensor, int)}; label -100 is ignored,
   * as in torch.
   */
  default Tensor crossEntropy(Tensor labels) {
    return crossEntropy(labels, -100);
  }

  /**
   * Returns the cross-entropy of these logits (n, classes) against n integer labels: torch's {@code
   * F.cross_entropy} with all of its settings. The mean is weighted by the labels' weights.
   *
   * @param classWeights (classes), or null: each counts 1
   * @param labelSmoothing from 0 to 1; the part of the target that is spread over all classes
   *     (Szegedy et al. 2015)
   * @param ignoreIndex rows with this label do not count
   */
  default Tensor crossEntropy(
      Tensor labels, @Nullable Tensor classWeights, float labelSmoothing, int ignoreIndex) {
    if (classWeights == null && labelSmoothing == 0) {
      return crossEntropy(labels, ignoreIndex);
    }
    return Tensor.self(this)
        .logSoftmax(-1)
        .nllLoss(labels, classWeights, labelSmoothing, ignoreIndex);
  }

  /**
   * Returns the mean cross-entropy of the logits {@code hidden · weightᵀ + bias} of an output layer
   * against n integer labels, from what goes into the layer: these hidden states (n, d). The logits
   * are computed a few rows at a time, only for rows that count, and never kept, and so is their
   * gradient, so memory does not grow with n · classes.
   *
   * @param weight (classes, d)
   * @param bias (classes), or null
   * @param labels (n), integers; -100 is ignored, as in torch
   */
  default Tensor crossEntropyOfLinear(Tensor weight, @Nullable Tensor bias, Tensor labels) {
    return Tensor.of(
        HeadLoss.of(
            List.of(new HeadLoss.Pair(node(), weight.node())),
            bias == null ? null : bias.node(),
            labels.node(),
            HeadLoss.Rule.PLAIN,
            1,
            0));
  }

  /** Returns the mean of -this[i, labels[i]]: torch's {@code F.nll_loss}, ignoring label -100. */
  default Tensor nllLoss(Tensor labels) {
    return nllLoss(labels, null, 0, -100);
  }

  /**
   * Returns the negative log-likelihood of these log-probabilities (n, classes); parameters as for
   * {@link #crossEntropy(Tensor, Tensor, float, int)}.
   */
  default Tensor nllLoss(
      Tensor labels, @Nullable Tensor classWeights, float labelSmoothing, int ignoreIndex) {
    Tensor x = Tensor.self(this);
    if (x.shape().rank() != 2
        || !labels.dtype().isInteger()
        || labels.shape().rank() != 1
        || labels.dim(0) != x.dim(0)) {
      throw new ShapeException(
          "nllLoss: log-probabilities "
              + x.shape()
              + " and labels "
              + labels.dtype()
              + " "
              + labels.shape()
              + ": needed (n, classes) and n integers");
    }
    if (!(labelSmoothing >= 0 && labelSmoothing <= 1)) {
      throw new IllegalArgumentException(
          "nllLoss: labelSmoothing is " + labelSmoothing + ", must be from 0 to 1");
    }
    int classes = x.dim(1);
    Tensor hot = Tensor.of(Node.of(new OneHot(classes, ignoreIndex), labels.node()));
    Tensor weights = classWeights == null ? Tensor.ones(classes) : classWeights;
    Tensor weighted = x.mul(weights);
    Tensor zero = Tensor.constant(0);
    Tensor total = hot.mul(weights).sum();
    Tensor exact = weighted.where(hot, zero).sum().neg().div(total);
    if (labelSmoothing == 0) {
      return exact;
    }
    Tensor spread = weighted.where(hot.sumKeep(-1), zero).sum().neg().div(total).div(classes);
    return exact.mul(1 - labelSmoothing).add(spread.mul(labelSmoothing));
  }

  /** Returns the mean squared difference to {@code target}: torch's {@code F.mse_loss}. */
  default Tensor mseLoss(Tensor target) {
    return mseLoss(target, Reduction.MEAN);
  }

  /** Returns the squared difference to {@code target}, of the same shape. */
  default Tensor mseLoss(Tensor target, Reduction reduction) {
    return reduction.of(alike("mseLoss", target).sub(target).square());
  }

  /** Returns the mean absolute difference to {@code target}: torch's {@code F.l1_loss}. */
  default Tensor l1Loss(Tensor target) {
    return l1Loss(target, Reduction.MEAN);
  }

  /** Returns the absolute difference to {@code target}, of the same shape. */
  default Tensor l1Loss(Tensor target, Reduction reduction) {
    return reduction.of(alike("l1Loss", target).sub(target).abs());
  }

  /**
   * Returns ½d²/β where |d| &lt; β, else |d| - β/2: torch's {@code F.smooth_l1_loss}.
   *
   * @param beta greater than 0
   */
  default Tensor smoothL1Loss(Tensor target, float beta, Reduction reduction) {
    positive("smoothL1Loss: beta", beta);
    return reduction.of(alike("smoothL1Loss", target).apply(Activations.smoothL1(beta), target));
  }

  /**
   * Returns ½d² where |d| &lt; δ, else δ(|d| - δ/2) (Huber 1964): torch's {@code F.huber_loss}.
   *
   * @param delta greater than 0
   */
  default Tensor huberLoss(Tensor target, float delta, Reduction reduction) {
    positive("huberLoss: delta", delta);
    return reduction.of(
        alike("huberLoss", target).apply(Activations.smoothL1(delta), target).mul(delta));
  }

  /**
   * Returns the mean binary cross-entropy of these logits against targets from 0 to 1: torch's
   * {@code F.binary_cross_entropy_with_logits}.
   */
  default Tensor bceWithLogitsLoss(Tensor target) {
    return bceWithLogitsLoss(target, null, null, Reduction.MEAN);
  }

  /**
   * Returns the binary cross-entropy of these logits against targets from 0 to 1.
   *
   * @param weight of each element, broadcast, or null
   * @param positiveWeight weight of positive targets, broadcast ({@code pos_weight}), or null
   */
  default Tensor bceWithLogitsLoss(
      Tensor target,
      @Nullable Tensor weight,
      @Nullable Tensor positiveWeight,
      Reduction reduction) {
    Tensor x = alike("bceWithLogitsLoss", target);
    // (1 - t) · x + f · log(1 + e⁻ˣ), where log(1 + e⁻ˣ) = max(-x, 0) + log(1 + e^-|x|): what is
    // large cancels before what is small is added
    Tensor negative = x.neg().maximum(0); // with half a gradient at 0, which the rest needs
    Tensor rest = x.abs().neg().softplus();
    Tensor large = Tensor.constant(1).sub(target).mul(x);
    Tensor loss;
    if (positiveWeight == null) {
      loss = large.add(negative).add(rest);
    } else {
      Tensor factor = positiveWeight.sub(1).mul(target).add(1);
      loss = large.add(factor.mul(negative)).add(factor.mul(rest));
    }
    return reduction.of(weight == null ? loss : loss.mul(weight));
  }

  /**
   * Returns the divergence target · (log target - this) of Kullback and Leibler, this being
   * log-probabilities: torch's {@code F.kl_div}. Where the target is 0 it is 0.
   *
   * @param reduction {@link Reduction#BATCH_MEAN} for the mathematical mean
   */
  default Tensor klDivLoss(Tensor target, Reduction reduction) {
    Tensor x = alike("klDivLoss", target);
    Tensor each = target.mul(target.log().sub(x)).where(target.gt(0), Tensor.constant(0));
    return reduction.of(each);
  }

  /**
   * Returns 1 - cos(x, b) for rows with y = 1 and max(0, cos(x, b) - margin) for those with y = -1:
   * torch's {@code F.cosine_embedding_loss}. This and {@code b} are (n, d), {@code y} is (n).
   */
  default Tensor cosineEmbeddingLoss(Tensor b, Tensor y, float margin, Reduction reduction) {
    Tensor a = alike("cosineEmbeddingLoss", b);
    // 1e-12 under the roots, as torch has it
    Tensor lengths = a.square().sum(-1).add(1e-12f).mul(b.square().sum(-1).add(1e-12f)).sqrt();
    Tensor cosine = a.mul(b).sum(-1).div(lengths);
    Tensor apart = cosine.sub(margin).clampMin(0).where(y.eq(-1), Tensor.constant(0));
    return reduction.of(Tensor.constant(1).sub(cosine).where(y.eq(1), apart));
  }

  private Tensor alike(String name, Tensor target) {
    if (!node().shape().equals(target.shape())) {
      throw new ShapeException(
          name
              + ": prediction of shape "
              + node().shape()
              + " and target of shape "
              + target.shape()
              + " must be equal");
    }
    return Tensor.self(this);
  }

  private static void positive(String name, float value) {
    if (!(value > 0)) {
      throw new IllegalArgumentException(name + " is " + value + ", must be greater than 0");
    }
  }
}
