package dev.peft4j.transformers;

import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * The way in which the decoders of a family are built: all of them are made of the same blocks,
 * which these settings steer. Llama's are the defaults.
 *
 * @param norm the kind of all norms
 * @param normEps the number that every norm adds to the variance or mean square
 * @param norms the norms that a layer has
 * @param qkNorm the norm of queries and keys
 * @param projection how queries, keys and values are projected
 * @param projectionBias whether the projections to queries, keys and values have biases
 * @param outputBias whether the projection of the attention's result has a bias
 * @param gated whether the feed-forward block has a gate
 * @param fusedGate whether the gate and the projection beside it are one layer
 * @param mlpBias whether the feed-forward block has biases
 * @param headBias whether the output layer has a bias
 * @param transposed whether weights are (in, out), as GPT-2 has them
 * @param parallel whether attention and feed-forward block read the same input and are added
 *     together; without a norm of its own the block reads what the attention reads
 * @param residualOfNorm whether results are added to the norm's result instead of its input
 * @param attentionScale what scores are multiplied by; 0 for 1 / √headDim
 * @param scaledByLayer whether scores are also divided by the number of the layer, counted from 1
 * @param softcap the bound c of scores, c · tanh(score / c); 0 for none
 * @param finalSoftcap the bound of logits; 0 for none
 * @param embeddingScale what embeddings are multiplied by
 * @param scalesWords whether that is a part of the table of words; else virtual tokens are
 *     multiplied, too
 * @param residualScale what the results of attention and feed-forward block are multiplied by
 * @param logitScale what logits are multiplied by
 * @param alibi the bias of scores by distance
 * @param learnedPositions whether there is a table of positions
 * @param embeddingNorm whether embeddings are normalised
 * @param interleaved whether the rotary embedding rotates neighbours
 * @param layers what may differ between layers: one for each, or none if none of them rotates or
 *     has a window
 * @param names names of parts that are not the usual ones
 * @param order names of parts that come first in their module, in this order
 */
public record DecoderStyle(
    NormKind norm,
    double normEps,
    Set<DecoderPart> norms,
    QkNorm qkNorm,
    Projection projection,
    boolean projectionBias,
    boolean outputBias,
    boolean gated,
    boolean fusedGate,
    boolean mlpBias,
    boolean headBias,
    boolean transposed,
    boolean parallel,
    boolean residualOfNorm,
    double attentionScale,
    boolean scaledByLayer,
    double softcap,
    double finalSoftcap,
    double embeddingScale,
    boolean scalesWords,
    double residualScale,
    double logitScale,
    Alibi alibi,
    boolean learnedPositions,
    boolean embeddingNorm,
    boolean interleaved,
    List<DecoderLayerStyle> layers,
    Map<DecoderPart, String> names,
    List<String> order) {

  /** Creates settings. */
  public DecoderStyle {
    norms = Set.copyOf(norms);
    layers = List.copyOf(layers);
    names = Map.copyOf(names);
    order = List.copyOf(order);
  }

  /** Returns the name of a part. */
  public String name(DecoderPart part) {
    return names.getOrDefault(part, part.usualName());
  }

  /** Returns what is particular to a layer. */
  public DecoderLayerStyle layer(int i) {
    return layers.isEmpty() ? DecoderLayerStyle.PLAIN : layers.get(i);
  }

  /** Returns a builder with Llama's settings. */
  public static Builder builder() {
    return new Builder();
  }

  /** Returns a builder with these settings. */
  public Builder toBuilder() {
    Builder b = new Builder();
    b.norm = norm;
    b.normEps = normEps;
    b.norms = norms;
    b.qkNorm = qkNorm;
    b.projection = projection;
    b.projectionBias = projectionBias;
    b.outputBias = outputBias;
    b.gated = gated;
    b.fusedGate = fusedGate;
    b.mlpBias = mlpBias;
    b.headBias = headBias;
    b.transposed = transposed;
    b.parallel = parallel;
    b.residualOfNorm = residualOfNorm;
    b.attentionScale = attentionScale;
    b.scaledByLayer = scaledByLayer;
    b.softcap = softcap;
    b.finalSoftcap = finalSoftcap;
    b.embeddingScale = embeddingScale;
    b.scalesWords = scalesWords;
    b.residualScale = residualScale;
    b.logitScale = logitScale;
    b.alibi = alibi;
    b.learnedPositions = learnedPositions;
    b.embeddingNorm = embeddingNorm;
    b.interleaved = interleaved;
    b.layers = layers;
    b.names.putAll(names);
    b.order = order;
    return b;
  }

  /** The builder of {@link DecoderStyle}; see its components. */
  public static final class Builder {
    NormKind norm = NormKind.RMS;
    double normEps = 1e-6;
    Set<DecoderPart> norms = Set.of(DecoderPart.ATTENTION_NORM, DecoderPart.MLP_NORM);
    QkNorm qkNorm = QkNorm.NONE;
    Projection projection = Projection.SPLIT;
    boolean projectionBias;
    boolean outputBias;
    boolean gated = true;
    boolean fusedGate;
    boolean mlpBias;
    boolean headBias;
    boolean transposed;
    boolean parallel;
    boolean residualOfNorm;
    double attentionScale;
    boolean scaledByLayer;
    double softcap;
    double finalSoftcap;
    double embeddingScale = 1;
    boolean scalesWords = true;
    double residualScale = 1;
    double logitScale = 1;
    Alibi alibi = Alibi.NONE;
    boolean learnedPositions;
    boolean embeddingNorm;
    boolean interleaved;
    List<DecoderLayerStyle> layers = List.of();
    final Map<DecoderPart, String> names = new EnumMap<>(DecoderPart.class);
    List<String> order = List.of();

    private Builder() {}

    /** Sets the kind of all norms. */
    public Builder norm(NormKind value) {
      norm = value;
      return this;
    }

    /** Sets the number that every norm adds to the variance or mean square. */
    public Builder normEps(double value) {
      normEps = value;
      return this;
    }

    /** Sets the norms that a layer has. */
    public Builder norms(DecoderPart... values) {
      norms = Set.of(values);
      return this;
    }

    /** Sets the norm of queries and keys. */
    public Builder qkNorm(QkNorm value) {
      qkNorm = value;
      return this;
    }

    /** Sets how queries, keys and values are projected. */
    public Builder projection(Projection value) {
      projection = value;
      return this;
    }

    /** Sets whether the projections to queries, keys and values have biases. */
    public Builder projectionBias(boolean value) {
      projectionBias = value;
      return this;
    }

    /** Sets whether the projection of the attention's result has a bias. */
    public Builder outputBias(boolean value) {
      outputBias = value;
      return this;
    }

    /** Sets whether the feed-forward block has a gate. */
    public Builder gated(boolean value) {
      gated = value;
      return this;
    }

    /** Sets whether the gate and the projection beside it are one layer. */
    public Builder fusedGate(boolean value) {
      fusedGate = value;
      return this;
    }

    /** Sets whether the feed-forward block has biases. */
    public Builder mlpBias(boolean value) {
      mlpBias = value;
      return this;
    }

    /** Sets whether the output layer has a bias. */
    public Builder headBias(boolean value) {
      headBias = value;
      return this;
    }

    /** Sets whether weights are (in, out), as GPT-2 has them. */
    public Builder transposed(boolean value) {
      transposed = value;
      return this;
    }

    /** Sets whether attention and feed-forward block read the same input and are added together. */
    public Builder parallel(boolean value) {
      parallel = value;
      return this;
    }

    /** Sets whether results are added to the norm's result instead of its input. */
    public Builder residualOfNorm(boolean value) {
      residualOfNorm = value;
      return this;
    }

    /** Sets what scores are multiplied by. */
    public Builder attentionScale(double value) {
      attentionScale = value;
      return this;
    }

    /** Sets whether scores are also divided by the number of the layer. */
    public Builder scaledByLayer(boolean value) {
      scaledByLayer = value;
      return this;
    }

    /** Sets the bound of scores. */
    public Builder softcap(double value) {
      softcap = value;
      return this;
    }

    /** Sets the bound of logits. */
    public Builder finalSoftcap(double value) {
      finalSoftcap = value;
      return this;
    }

    /** Sets what embeddings are multiplied by. */
    public Builder embeddingScale(double value) {
      embeddingScale = value;
      return this;
    }

    /** Sets whether that is a part of the table of words, so that virtual tokens are not scaled. */
    public Builder scalesWords(boolean value) {
      scalesWords = value;
      return this;
    }

    /** Sets what the results of attention and feed-forward block are multiplied by. */
    public Builder residualScale(double value) {
      residualScale = value;
      return this;
    }

    /** Sets what logits are multiplied by. */
    public Builder logitScale(double value) {
      logitScale = value;
      return this;
    }

    /** Sets the bias of scores by distance. */
    public Builder alibi(Alibi value) {
      alibi = value;
      return this;
    }

    /** Sets whether there is a table of positions. */
    public Builder learnedPositions(boolean value) {
      learnedPositions = value;
      return this;
    }

    /** Sets whether embeddings are normalised. */
    public Builder embeddingNorm(boolean value) {
      embeddingNorm = value;
      return this;
    }

    /** Sets whether the rotary embedding rotates neighbours. */
    public Builder interleaved(boolean value) {
      interleaved = value;
      return this;
    }

    /** Sets what may differ between layers: one for each. */
    public Builder layers(List<DecoderLayerStyle> value) {
      layers = value;
      return this;
    }

    /** Sets the name of a part. */
    public Builder name(DecoderPart part, String value) {
      names.put(part, value);
      return this;
    }

    /** Sets the names of parts that come first in their module. */
    public Builder order(String... values) {
      order = List.of(values);
      return this;
    }

    /** Creates the settings. */
    public DecoderStyle build() {
      return new DecoderStyle(
          norm,
          normEps,
          norms,
          qkNorm,
          projection,
          projectionBias,
          outputBias,
          gated,
          fusedGate,
          mlpBias,
          headBias,
          transposed,
          parallel,
          residualOfNorm,
          attentionScale,
          scaledByLayer,
          softcap,
          finalSoftcap,
          embeddingScale,
          scalesWords,
          residualScale,
          logitScale,
          alibi,
          learnedPositions,
          embeddingNorm,
          interleaved,
          layers,
          names,
          order);
    }
  }
}
