package dev.peft4j.transformers;

import dev.peft4j.graph.ActivationCheckpointing;
import dev.peft4j.nn.BlockStack;
import dev.peft4j.nn.Dropout;
import dev.peft4j.nn.Embedding;
import dev.peft4j.nn.HasSlots;
import dev.peft4j.nn.KeyValueCache;
import dev.peft4j.nn.Layer;
import dev.peft4j.nn.ModelSlot;
import dev.peft4j.nn.ModelSlots;
import dev.peft4j.tensor.Tensor;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;

/** A decoder without its output layer: token ids to a hidden state for each token. */
public final class DecoderModel extends NamedParts implements BlockStack, HasSlots {
  private final DecoderConfig config;
  private final Embedding embedding;
  private final @Nullable Embedding positions;
  private final @Nullable Layer embeddingNorm;
  private final Dropout dropout;
  private final List<DecoderLayer> layers = new ArrayList<>();
  private final Layer finalNorm;
  private final ModelSlots slots;
  private final ModelSlot inputs;
  private final ModelSlot stack;
  private final List<ModelSlot> blocks = new ArrayList<>();
  private int firstInCache;
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
    this.slots =
        new ModelSlots(
            this,
            new ModelSlots.Sizes(
                config.modelType(),
                config.vocabSize(),
                config.layers(),
                hidden,
                config.heads(),
                config.kvHeads(),
                config.headDim()),
            this::words);
    this.inputs = slots.add(ModelSlot.Kind.INPUTS);
    for (int i = 0; i < config.layers(); i++) {
      slots.add(ModelSlot.Kind.KEYS_VALUES, i);
    }
    for (int i = 0; i < config.layers(); i++) {
      String path = style.name(DecoderPart.LAYERS) + "." + i + ".";
      layers.get(i).attention().slot(slots, path + style.name(DecoderPart.ATTENTION));
    }
    for (int i = 0; i < config.layers(); i++) {
      String path = style.name(DecoderPart.LAYERS) + "." + i;
      blocks.add(slots.add(ModelSlot.Kind.LAYER, i, path));
    }
    this.stack = slots.add(ModelSlot.Kind.LAYERS);
    slots.mirrors(sizes -> new DecoderMirror(this, sizes));
    slots.add(ModelSlot.Kind.LABELS);
    slots.add(ModelSlot.Kind.LABEL_WEIGHTS);
  }

  /**
   * Returns the hidden states of the input after the final norm, (batch, tokens, hidden).
   *
   * @param layerInput receives the input of each layer
   */
  Tensor forward(DecoderInput in, Consumer<Tensor> layerInput) {
    Tensor all = forwardAll(in, layerInput);
    int tokens = in.inputIds().dim(1);
    return all.dim(1) == tokens ? all : all.slice(1, all.dim(1) - tokens, all.dim(1));
  }

  /** Returns the same with the states of virtual tokens in front. */
  Tensor forwardAll(DecoderInput in, Consumer<Tensor> layerInput) {
    if (in.cache() != null) {
      requirePrimed(in.cache());
    }
    Tensor words = words(in);
    Tensor x = in.cache() == null ? inputs.apply(words, w -> w) : words;
    return forward(x, in, layerInput);
  }

  private Tensor forward(Tensor inputs, DecoderInput in, Consumer<Tensor> layerInput) {
    int tokens = in.inputIds().dim(1);
    int rows = in.inputIds().dim(0);
    int keys = in.cache() == null ? keysInFront() : 0;
    DecoderPlaces places = new DecoderPlaces(rows, keys, inputs.dim(1) - tokens, tokens);
    DecoderCall call = new DecoderCall(in, config, places, slots);
    Tensor x = embed(inputs, call);
    return DecoderMirror.in(in, () -> stack.apply(x, states -> run(states, call, layerInput)));
  }

  /** Runs all layers; an adapter may do so more than once in a call. */
  private Tensor run(Tensor states, DecoderCall call, Consumer<Tensor> layerInput) {
    call.beginPass(firstInCache, layers.size());
    Tensor x = states;
    for (int i = 0; i < layers.size(); i++) {
      layerInput.accept(x);
      DecoderLayer layer = layers.get(i);
      UnaryOperator<Tensor> block = h -> checkpointing(call).block(() -> layer.forward(h, call));
      x = i < blocks.size() ? blocks.get(i).apply(x, block) : block.apply(x);
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

  /** Returns the virtual tokens alone, (rows, tokens, hidden). */
  private Tensor virtualInputs(int rows) {
    return inputs.apply(Tensor.zeros(rows, 0, config.hiddenSize()), x -> x);
  }

  /** Returns the number of places that adapters put in front of the tokens. */
  int virtualTokens() {
    int tokens = inputs.isUsed() ? virtualInputs(0).dim(1) : 0;
    return tokens + keysInFront();
  }

  private void requirePrimed(KeyValueCache cache) {
    int virtual = cache.isPrimed() ? 0 : virtualTokens();
    if (virtual > 0) {
      throw new IllegalStateException(
          "the active adapter puts "
              + virtual
              + " virtual tokens in front of each text, and the cache has none: call"
              + " CausalLm.prime(cache) before the first tokens");
    }
  }

  /** Returns the number of keys that an adapter puts in front of those of a layer's tokens. */
  private int keysInFront() {
    return slots.of(ModelSlot.Kind.KEYS_VALUES).getFirst().isUsed()
        ? DecoderPlaces.prefix(slots, 0, 0).dim(1)
        : 0;
  }

  private Tensor words(Tensor ids) {
    return scaled(embedding.forward(ids), config.style().scalesWords());
  }

  private Tensor words(DecoderInput in) {
    Tensor x = embedding.forward(in.inputIds());
    Tensor noise = in.noise();
    return scaled(noise == null ? x : x.add(noise), config.style().scalesWords());
  }

  private Tensor scaled(Tensor x, boolean here) {
    float factor = (float) config.style().embeddingScale();
    return factor == 1 || !here ? x : x.mul(factor);
  }

  private Tensor embed(Tensor inputs, DecoderCall call) {
    Tensor x = scaled(inputs, !config.style().scalesWords());
    x = positions == null ? x : x.add(positions.forward(call.positions()));
    x = embeddingNorm == null ? x : embeddingNorm.forward(x);
    return dropout.p() == 0 || !training() ? x : dropout.forward(x);
  }

  /**
   * Puts the virtual tokens of the adapters that act here in front of the rows of an empty cache.
   */
  void prime(KeyValueCache cache) {
    if (cache.isPrimed()) {
      return;
    }
    int rows = cache.batch();
    Tensor tokens = virtualInputs(rows);
    if (tokens.dim(1) > 0) {
      DecoderInput in = DecoderInput.of(Tensor.of(new int[0], rows, 0)).withCache(cache);
      cache.prime(tokens.dim(1), () -> new Tensor[] {forward(tokens, in, _ -> {})});
      return;
    }
    int keys = keysInFront();
    cache.prime(
        keys,
        () -> {
          for (int i = 0; i < layers.size(); i++) {
            Tensor all = DecoderPlaces.prefix(slots, i, rows);
            int width = all.dim(2) / 2;
            cache.append(i, all.slice(2, 0, width), all.slice(2, width, 2 * width));
          }
          return new Tensor[0];
        });
  }

  @Override
  public ModelSlots slots() {
    return slots;
  }

  /** Sets the index in a cache of the first layer's keys and values. */
  void firstInCache(int layer) {
    firstInCache = layer;
  }

  /** Returns the hidden states of an input whose words' embeddings are given. */
  Tensor ofWords(Tensor words, DecoderInput in) {
    return forward(words, in, _ -> {});
  }

  /** Returns the embeddings of an input's words. */
  Tensor wordsOf(DecoderInput in) {
    return words(in);
  }

  DecoderConfig config() {
    return config;
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
