package dev.peft4j.transformers;

import dev.peft4j.nn.Embedding;
import dev.peft4j.nn.ModelSlots;
import dev.peft4j.nn.Module;
import dev.peft4j.tensor.Tensor;
import java.util.ArrayList;
import java.util.List;
import java.util.SequencedMap;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * A decoder as an encoder of texts: the hidden states after its final norm, each of which knows the
 * tokens before it, so that the last one stands for the text.
 */
public final class DecoderEncoder extends Encoder {
  /** The name of the decoder's settings in {@link EncoderConfig#own}. */
  private static final String SETTINGS = "decoder";

  private final DecoderConfig decoderConfig;
  private final DecoderModel model;

  DecoderEncoder(EncoderConfig config, Init init) {
    super(config);
    this.decoderConfig = settings(config);
    this.model = new DecoderModel(decoderConfig, init);
  }

  /** Returns the decoder's settings that {@link #config(DecoderConfig)} keeps. */
  static DecoderConfig settings(EncoderConfig config) {
    return config.own(SETTINGS, DecoderConfig.builder().build());
  }

  /** Returns the settings as those of an encoder, with the decoder's own inside. */
  static EncoderConfig.Builder config(DecoderConfig c) {
    return EncoderConfig.builder()
        .vocabSize(c.vocabSize())
        .hiddenSize(c.hiddenSize())
        .layers(c.layers())
        .heads(c.hiddenSize() % c.heads() == 0 ? c.heads() : 1)
        .intermediateSize(c.intermediateSize())
        .activation(c.activation())
        .hiddenDropout(c.residualDropout())
        .attentionDropout(c.attentionDropout())
        .maxPositions(c.maxPositions())
        .typeVocabSize(0)
        .initializerRange(c.initializerRange())
        .layerNormEps(c.style().normEps())
        .own(SETTINGS, c);
  }

  @Override
  public SequencedMap<String, Module> children() {
    return model.children();
  }

  @Override
  public Tensor forward(Tensor inputIds, @Nullable Tensor mask, @Nullable Tensor tokenTypeIds) {
    return model.forward(input(inputIds, mask, tokenTypeIds), _ -> {});
  }

  @Override
  Tensor forwardAll(Tensor ids, @Nullable Tensor mask, @Nullable Tensor types) {
    return forward(ids, mask, types);
  }

  @Override
  public ModelSlots slots() {
    return model.slots();
  }

  @Override
  protected Embedding inputTable() {
    return model.embedding();
  }

  @Override
  public List<Tensor> hiddenStates(
      Tensor inputIds, @Nullable Tensor mask, @Nullable Tensor tokenTypeIds) {
    List<Tensor> states = new ArrayList<>();
    states.add(model.forward(input(inputIds, mask, tokenTypeIds), states::add));
    return List.copyOf(states);
  }

  private DecoderInput input(Tensor ids, @Nullable Tensor mask, @Nullable Tensor types) {
    if (types != null) {
      throw new IllegalArgumentException(
          modelType() + ": a decoder has no token types, but token type ids were given");
    }
    DecoderInput in = DecoderInput.of(ids).withMask(mask);
    new DecoderChecks(decoderConfig).check(in);
    return in;
  }

  @Override
  protected Tensor embed(Tensor ids, @Nullable Tensor typeIds) {
    return model.embedding().forward(ids);
  }

  @Override
  protected Tensor encode(Tensor x, @Nullable Tensor mask, Consumer<Tensor> layerInput) {
    throw new UnsupportedOperationException(modelType() + ": a decoder takes token ids");
  }

  /** Returns the decoder. */
  public DecoderModel model() {
    return model;
  }

  /** Returns the decoder's settings. */
  public DecoderConfig decoderConfig() {
    return decoderConfig;
  }

  /** Returns the model's type; the superclass asks before this class's fields are there. */
  @Override
  public String modelType() {
    return settings(config()).modelType();
  }
}
