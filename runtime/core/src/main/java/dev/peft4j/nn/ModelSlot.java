package dev.peft4j.nn;

import dev.peft4j.tensor.Tensor;
import java.util.Locale;
import java.util.function.UnaryOperator;

/**
 * A place of a model between its layers where adapters of the whole model act, as those of layers
 * act on a layer's slot. A model makes its slots in a {@link ModelSlots} and calls {@link #apply}
 * where they are; without an adapter that is what {@code base} computes.
 */
public class ModelSlot extends Module implements Adaptable {
  /** The places that a model can have. */
  public enum Kind {
    /**
     * The embeddings of words, (batch, tokens, width): an adapter may put rows in front, which are
     * virtual tokens. The slot of an empty (batch, 0, width) gives the virtual tokens alone.
     */
    INPUTS,
    /**
     * The keys and values in front of those of a layer's attention, side by side: from an empty
     * (batch, 0, 2 · key heads · head size) to (batch, tokens, 2 · key heads · head size). Keys are
     * as attention takes them: a rotary embedding does not turn them.
     */
    KEYS_VALUES,
    /** Attention with its output layer: from queries, as attention takes them, to its result. */
    ATTENTION,
    /** One layer of the model: hidden states to hidden states. */
    LAYER,
    /** All layers with the final norm: embeddings to hidden states. */
    LAYERS,
    /** The labels of tokens, virtual ones included: integers (batch, tokens), -100 for none. */
    LABELS,
    /** The weights of tokens in a loss, virtual ones included, (batch, tokens): 1 for each. */
    LABEL_WEIGHTS
  }

  private final Kind kind;
  private final int layer;
  private final ModelSlots model;
  private final String path;
  private final AdapterSlot slot = new AdapterSlot();

  ModelSlot(Kind kind, int layer, ModelSlots model, String path) {
    this.kind = kind;
    this.layer = layer;
    this.model = model;
    this.path = path;
  }

  /** Returns the result here: {@code base} with the adapters that are active for this call. */
  public final Tensor apply(Tensor x, UnaryOperator<Tensor> base) {
    return slot.apply(x, base);
  }

  /** Returns whether an adapted model may act here. */
  public final boolean isUsed() {
    return slot.isUsed();
  }

  /** Returns the place. */
  public final Kind kind() {
    return kind;
  }

  /** Returns the index of the layer, from 0; -1 for a place of the whole model. */
  public final int layer() {
    return layer;
  }

  /**
   * Returns the path of the module that it is around, below that of the model; empty for a place
   * that is no module's.
   */
  public final String path() {
    return path;
  }

  /** Returns the slots of the model that it is one of. */
  public final ModelSlots model() {
    return model;
  }

  @Override
  public final AdapterSlot slot() {
    return slot;
  }

  /** Returns its name: {@code inputs}, or {@code keys_values.3} for that of a layer. */
  public final String name() {
    String place = kind.name().toLowerCase(Locale.ROOT);
    return layer < 0 ? place : place + "." + layer;
  }
}
