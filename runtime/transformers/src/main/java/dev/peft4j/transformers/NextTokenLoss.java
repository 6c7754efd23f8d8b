package dev.peft4j.transformers;

import dev.peft4j.data.Rng;
import dev.peft4j.data.Shape;
import dev.peft4j.data.ShapeException;
import dev.peft4j.graph.Node;
import dev.peft4j.nn.FurtherStates;
import dev.peft4j.nn.ModelSlot;
import dev.peft4j.op.HeadLoss;
import dev.peft4j.op.HeadMetrics;
import dev.peft4j.op.LinearTerms;
import dev.peft4j.tensor.Tensor;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * The loss of a causal language model: the mean cross-entropy of each token that counts, given
 * those before it. It is computed from the hidden states: logits only of the tokens that count, a
 * few at a time, and never kept ({@link HeadLoss}). If an adapter of the output layer does more
 * than to add a product of low rank, as DoRA's, all logits are computed.
 *
 * @param labelSmoothing the part of the target that is spread over the vocabulary, from 0 to 1
 * @param byProbability whether a token's loss is multiplied by its probability, taken as a constant
 *     (dynamic fine-tuning, Wu et al. 2025)
 * @param noise α of NEFTune (Jain et al. 2023): while the model is in training mode, its embeddings
 *     get uniform noise of ±α / √(tokens · hidden size), drawn from {@link Rng#current()}; 0 for
 *     none
 */
public record NextTokenLoss(float labelSmoothing, boolean byProbability, double noise) {
  /** Plain cross-entropy. */
  public static final NextTokenLoss PLAIN = new NextTokenLoss(0, false, 0);

  /**
   * Creates a loss.
   *
   * @throws IllegalArgumentException if the smoothing is not from 0 to 1, or is combined with
   *     {@code byProbability}, or the noise is negative
   */
  public NextTokenLoss {
    new HeadLoss.Rule(TokenRow.IGNORED, labelSmoothing, byProbability);
    if (!(noise >= 0 && Double.isFinite(noise))) {
      throw new IllegalArgumentException("the noise is " + noise + ", must be at least 0");
    }
  }

  /**
   * Returns the loss, a single value: the mean over the tokens that count, NaN if there is none.
   *
   * @throws ShapeException if labels and token ids differ in shape
   */
  public Tensor of(CausalLm model, CausalBatch batch) {
    return of(model, batch, false).loss;
  }

  /**
   * A loss, and what else its batch says of the model.
   *
   * @param loss a single value
   * @param metrics (3): the part of the counted tokens that the model would have chosen, the mean
   *     entropy of their distributions in nats, and the loss; null if the output layer's adapter is
   *     one for which all logits are computed
   */
  public record Measured(Tensor loss, @Nullable Tensor metrics) {}

  /**
   * Returns the loss with token accuracy and entropy, which the pass with the gradients computes on
   * the way: they cost little.
   *
   * @throws ShapeException if labels and token ids differ in shape
   */
  public Measured measured(CausalLm model, CausalBatch batch) {
    return of(model, batch, true);
  }

  private Measured of(CausalLm model, CausalBatch batch, boolean metrics) {
    Shape ids = batch.input().inputIds().shape();
    if (!batch.labels().shape().equals(ids) || !batch.labels().dtype().isInteger()) {
      throw new ShapeException(
          "labels are "
              + batch.labels().dtype()
              + " "
              + batch.labels().shape()
              + ", needed integers "
              + ids
              + " as the token ids");
    }
    boolean noisy = noise > 0 && model.training() && batch.input().noise() == null;
    DecoderInput in = noisy ? noisy(model, batch.input()) : batch.input();
    List<FurtherStates> further = new ArrayList<>();
    Tensor hidden = FurtherStates.collecting(further, () -> model.hiddenWithVirtual(in));
    Tensor rows = hidden.reshape(-1, hidden.dim(-1));
    Labels labels = Labels.of(model, batch.labels(), hidden.dim(1));
    Measured own =
        labels.weights() == null
            ? of(model, rows, Tensor.of(labels.next()), metrics)
            : new Measured(weighted(model, rows, labels.next(), labels.weights()), null);
    Tensor loss = own.loss();
    for (FurtherStates f : further) {
      Tensor states = f.states().reshape(-1, hidden.dim(-1));
      Tensor part = of(model, states, Tensor.of(labels.next()), false).loss();
      loss = loss.add(part.mul((float) f.weight()));
    }
    return new Measured(loss, own.metrics());
  }

  private DecoderInput noisy(CausalLm model, DecoderInput in) {
    Shape ids = in.inputIds().shape();
    int width = model.config().hiddenSize();
    float most = (float) (noise / Math.sqrt((double) ids.dim(1) * width));
    float[] values = Rng.current().uniform(ids.size() * width, -most, most);
    return in.withNoise(Tensor.of(values, ids.dim(0), ids.dim(1), width));
  }

  /** Returns the mean over the tokens that count of their losses, each times its weight. */
  private Tensor weighted(CausalLm model, Tensor rows, int[] next, float[] weights) {
    Map<Float, int[]> groups = new TreeMap<>();
    int counted = 0;
    for (int i = 0; i < next.length; i++) {
      if (next[i] != TokenRow.IGNORED) {
        counted++;
        groups.computeIfAbsent(weights[i], w -> ignored(next.length))[i] = next[i];
      }
    }
    if (groups.isEmpty()) {
      return of(model, rows, Tensor.of(next), false).loss();
    }
    Tensor sum = null;
    for (Map.Entry<Float, int[]> group : groups.entrySet()) {
      long n = Arrays.stream(group.getValue()).filter(l -> l != TokenRow.IGNORED).count();
      Tensor part =
          of(model, rows, Tensor.of(group.getValue()), false)
              .loss()
              .mul(group.getKey() * n / counted);
      sum = sum == null ? part : sum.add(part);
    }
    return Objects.requireNonNull(sum);
  }

  private static int[] ignored(int n) {
    int[] all = new int[n];
    Arrays.fill(all, TokenRow.IGNORED);
    return all;
  }

  /**
   * What a pass predicts.
   *
   * @param next for each token the label of the next one; none for the last of a row. The last
   *     virtual token predicts the first one of the text
   * @param weights what each of them counts; null if it is 1
   */
  @SuppressWarnings("ArrayRecordComponent") // made and read here only
  private record Labels(int[] next, float @Nullable [] weights) {
    /**
     * Returns the labels of a batch.
     *
     * @param places tokens of a row, with the virtual ones in front
     */
    static Labels of(CausalLm model, Tensor labels, int places) {
      ModelSlot own = model.model().slots().only(ModelSlot.Kind.LABELS);
      ModelSlot weigh = model.model().slots().only(ModelSlot.Kind.LABEL_WEIGHTS);
      int rows = labels.dim(0);
      int[] all = atPlaces(labels, places);
      if (!own.isUsed()) {
        return new Labels(next(all, places), null);
      }
      int[] asked = own.apply(Tensor.of(all, rows, places), x -> x).toInts();
      float[] weights = weigh.apply(Tensor.ones(rows, places), x -> x).toFloats();
      float[] ofNext = new float[weights.length];
      boolean any = false;
      for (int i = 0; i + 1 < weights.length; i++) {
        ofNext[i] = weights[i + 1];
        any |= weights[i] != 1;
      }
      return new Labels(next(asked, places), any ? ofNext : null);
    }

    private static int[] atPlaces(Tensor labels, int places) {
      int tokens = labels.dim(1);
      int[] given = labels.toInts();
      int[] all = ignored(labels.dim(0) * places);
      for (int row = 0; row < labels.dim(0); row++) {
        System.arraycopy(given, row * tokens, all, (row + 1) * places - tokens, tokens);
      }
      return all;
    }

    private static int[] next(int[] all, int places) {
      int[] next = ignored(all.length);
      for (int i = 0; i < next.length; i++) {
        next[i] = (i + 1) % places == 0 ? TokenRow.IGNORED : all[i + 1];
      }
      return next;
    }
  }

  private Measured of(CausalLm model, Tensor rows, Tensor labels, boolean metrics) {
    HeadLoss.Rule rule = new HeadLoss.Rule(TokenRow.IGNORED, labelSmoothing, byProbability);
    DecoderStyle style = model.config().style();
    LinearTerms terms = LinearTerms.of(model.head().forward(rows).node());
    if (terms != null) {
      Node loss =
          HeadLoss.of(
              terms.pairs(),
              terms.bias(),
              labels.node(),
              rule,
              (float) style.logitScale(),
              (float) style.finalSoftcap(),
              metrics);
      return new Measured(Tensor.of(loss), metrics ? Tensor.of(HeadMetrics.of(loss)) : null);
    }
    if (byProbability) {
      throw new UnsupportedOperationException(
          "a loss weighted by probability needs an output layer that is linear, or has an adapter"
              + " that adds a product of low rank");
    }
    Tensor loss = model.logits(rows).crossEntropy(labels, null, labelSmoothing, TokenRow.IGNORED);
    return new Measured(loss, null);
  }
}
