package dev.peft4j.backend.cpu;

import dev.peft4j.op.HeadLoss;

/** The loss of one row of logits, which becomes the gradient of what they were computed from. */
final class HeadLossRows {
  private final Loops loops;
  private final HeadLoss op;
  private final int classes;
  private final boolean gradient;
  private final boolean metrics;
  private float share;

  HeadLossRows(Loops loops, HeadLoss op, int classes, boolean gradient, boolean metrics) {
    this.metrics = metrics;
    this.loops = loops;
    this.op = op;
    this.classes = classes;
    this.gradient = gradient;
  }

  /** Scratch memory of each part. */
  long scratchBytes() {
    return (gradient && op.softcap() > 0 ? 4L * classes : 0) + (metrics ? 8L * classes : 0);
  }

  /** To be called before the rows of a run, of which {@code count} count. */
  void begin(int count) {
    share = 1f / count;
  }

  /**
   * Returns the loss of a row and, if gradients are wanted, replaces the row.
   *
   * @param z address of {@code Σ x · Wᵀ + b}
   * @param spare scratch memory
   */
  double loss(long z, int label, long spare) {
    float max = logits(z, spare);
    return loss(z, label, spare, max, loops.logSumExpRow(z, max, classes));
  }

  /** Does the same, and writes whether the label has the largest logit, and the entropy. */
  double loss(long z, int label, long spare, int at, boolean[] hits, double[] entropies) {
    float max = logits(z, spare);
    double spread = loops.logSumExpRow(z, max, classes);
    hits[at] = Memory.get(z + 4L * label) >= max;
    long shifted = spare + (gradient && op.softcap() > 0 ? 4L * classes : 0);
    long probabilities = shifted + 4L * classes;
    loops.binaryConst(Loops.SUB, z, max, shifted, classes);
    loops.softmaxRow(z, probabilities, classes);
    entropies[at] = spread - loops.dot(probabilities, shifted, classes);
    return loss(z, label, spare, max, spread);
  }

  /** Makes logits of a row where it lies, and returns the largest. */
  private float logits(long z, long spare) {
    float cap = op.softcap();
    if (op.scale() != 1) {
      loops.scale(op.scale(), z, z, classes);
    }
    if (cap > 0) {
      loops.scale(1 / cap, z, z, classes);
      loops.unary(Loops.TANH, z, z, classes);
      if (gradient) {
        loops.copy(z, spare, classes);
      }
      loops.scale(cap, z, z, classes);
    }
    return loops.max(z, classes);
  }

  private double loss(long z, int label, long spare, float max, double spread) {
    float smooth = op.rule().smoothing();
    // the difference first, and in double precision: it is small where both are large
    double nll = ((double) max - Memory.get(z + 4L * label)) + spread;
    double loss = nll;
    if (smooth > 0) {
      double mean = sum(z, max) / classes;
      loss = (1 - smooth) * nll + smooth * (spread - mean);
    }
    double weight = op.rule().byProbability() ? Math.exp(-nll) : 1;
    if (gradient) {
      differentiate(z, label, spare, (float) (share * weight));
    }
    return loss * weight;
  }

  /** The sum of {@code z - max}. */
  private double sum(long z, float max) {
    double sum = 0;
    for (int i = 0; i < classes; i++) {
      sum += (double) Memory.get(z + 4L * i) - max;
    }
    return sum;
  }

  private void differentiate(long z, int label, long tanh, float factor) {
    float smooth = op.rule().smoothing();
    loops.softmaxRow(z, z, classes);
    if (smooth > 0) {
      loops.binaryConst(Loops.ADD, z, -smooth / classes, z, classes);
    }
    long at = z + 4L * label;
    Memory.set(at, Memory.get(at) - (1 - smooth));
    loops.scale(factor * op.scale(), z, z, classes);
    if (op.softcap() > 0) {
      loops.binary(Loops.MUL, tanh, tanh, tanh, classes);
      loops.constBinary(Loops.SUB, 1, tanh, tanh, classes);
      loops.binary(Loops.MUL, z, tanh, z, classes);
    }
  }
}
