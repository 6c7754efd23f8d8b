package dev.peft4j.transformers;

import dev.peft4j.graph.ActivationCheckpointing;
import dev.peft4j.nn.BlockStack;
import dev.peft4j.nn.Dropout;
import dev.peft4j.nn.Embedding;
import dev.peft4j.nn.Layer;
import dev.peft4j.tensor.Tensor;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/** A decoder without its output layer: token ids to a hidden state for each token. */
public final class DecoderModel extends NamedParts implements BlockStack {
  private final DecoderConfig config;
  private final Embedding embedding;
  private final @Nullable Embedding positions;
  private final @Nullable Layer embeddingNorm;
  private final Dropout dropout;
  private final List<DecoderLayer> layers = new ArrayList<>();
  private final Layer finalNorm;
  private volatile ActivationCheckpointing checkpointing = ActivationCheckpointing.AUTO;

  DecoderModel(DecoderConfig config, Init init) {
    this.config = config;
    DecoderStyle style = config.style();
    int hidden = config.hiddenSize();
    this.embedding =
        part(style.name(DecoderPart.EMBEDDING), init.embedding(config.vocabSize(), hidden));
    this.positions =
        style.learnedPositions()
            ? part(style.name(DecoderPart.POSITIONS), init.embedding(config.maxPositions(), hidden))
            : null;
    this.embeddingNorm =
        style.embeddingNorm()
            ? norm(style.name(DecoderPart.EMBEDDING_NORM), style.norm(), hidden, style.normEps())
            : null;
    this.dropout = dropout(config.embeddingDropout());
    for (int i = 0; i < config.layers(); i++) {
      layers.add(part(style.name(DecoderPart.LAYERS) + "." + i, new DecoderLayer(config, i, init)));
    }
    this.finalNorm =
        norm(style.name(DecoderPart.FINAL_NORM), style.norm(), hidden, style.normEps());
  }

  /**
   * Returns the hidden states of the input after the final norm, (batch, tokens, hidden).
   *
   * @param layerInput receives the input of each layer
   */
  Tensor forward(DecoderInput in, Consumer<Tensor> layerInput) {
    DecoderCall call = new DecoderCall(in, config);
    Tensor x = embed(in, call);
    for (DecoderLayer layer : layers) {
      layerInput.accept(x);
      Tensor before = x;
      x = checkpointing(call).block(() -> layer.forward(before, call));
    }
    return finalNorm.forward(x);
  }

  @Override
  public int blockCount() {
    return layers.size();
  }

  @Override
  public void arrange(int... order) {
    String name = config.style().name(DecoderPart.LAYERS) + ".";
    List<DecoderLayer> before = List.copyOf(layers);
    List<DecoderLayer> after = new ArrayList<>();
    for (int i = 0; i < order.length; i++) {
      DecoderLayer original = before.get(order[i]);
      DecoderLayer block = new DecoderLayer(config, original.styleIndex(), i, Init.zeros());
      BlockStack.share(block, original);
      after.add(block);
    }
    layers.clear();
    layers.addAll(after);
    replaceParts(name, after);
  }

  /** With a cache nothing is trained. */
  private ActivationCheckpointing checkpointing(DecoderCall call) {
    return call.cache() == null && training() ? checkpointing : ActivationCheckpointing.OFF;
  }

  ActivationCheckpointing activationCheckpointing() {
    return checkpointing;
  }

  void activationCheckpointing(ActivationCheckpointing value) {
    checkpointing = value;
  }

  private Tensor embed(DecoderInput in, DecoderCall call) {
    Tensor x = embedding.forward(in.inputIds());
    Tensor noise = in.noise();
    x = noise == null ? x : x.add(noise);
    float factor = (float) config.style().embeddingScale();
    x = factor == 1 ? x : x.mul(factor);
    x = positions == null ? x : x.add(positions.forward(call.positions()));
    x = embeddingNorm == null ? x : embeddingNorm.forward(x);
    return dropout.p() == 0 || !training() ? x : dropout.forward(x);
  }

  /** Returns the table of tokens. */
  public Embedding embedding() {
    return embedding;
  }

  /** Returns the layers. */
  public List<DecoderLayer> layers() {
    return List.copyOf(layers);
  }
}
