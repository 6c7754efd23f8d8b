package dev.peft4j.nn;

import dev.peft4j.tensor.Tensor;
import java.util.ArrayList;
import java.util.List;
import java.util.function.UnaryOperator;

/**
 * The slots of one model, and its sizes, from which those of an adapter follow. A model holds it in
 * a field; it is no part of the model, so names and summaries do not change.
 */
public final class ModelSlots {
  /**
   * Sizes of a model.
   *
   * @param modelType the kind of model, such as {@code llama}
   * @param vocabulary number of words
   * @param layers number of layers
   * @param hidden width of hidden states and of words' embeddings
   * @param heads heads of queries
   * @param kvHeads heads of keys and values
   * @param headDim width of a head
   */
  public record Sizes(
      String modelType,
      int vocabulary,
      int layers,
      int hidden,
      int heads,
      int kvHeads,
      int headDim) {}

  private final Module owner;
  private final Sizes sizes;
  private final UnaryOperator<Tensor> words;
  private final List<ModelSlot> all = new ArrayList<>();

  /**
   * Creates slots; none is there until it is added.
   *
   * @param owner the module that has them
   * @param words gives the embeddings of ids
   */
  public ModelSlots(Module owner, Sizes sizes, UnaryOperator<Tensor> words) {
    this.owner = owner;
    this.sizes = sizes;
    this.words = words;
  }

  /** Adds a slot of the whole model. */
  public ModelSlot add(ModelSlot.Kind kind) {
    return add(new ModelSlot(kind, -1, this));
  }

  /**
   * Adds a slot of a layer.
   *
   * @param layer index of the layer, from 0
   */
  public ModelSlot add(ModelSlot.Kind kind, int layer) {
    return add(new ModelSlot(kind, layer, this));
  }

  /**
   * Adds the slot of a layer's attention.
   *
   * @param layer index of the layer, from 0
   * @param path of the attention's module below that of the model
   */
  public AttentionSlot addAttention(int layer, String path, AttentionSlot.Parts parts) {
    return add(new AttentionSlot(layer, this, path, parts));
  }

  private <S extends ModelSlot> S add(S slot) {
    all.add(slot);
    return slot;
  }

  /** Returns the module that has them: its mode is the mode of what adapters do in them. */
  public Module owner() {
    return owner;
  }

  /** Returns the sizes of the model. */
  public Sizes sizes() {
    return sizes;
  }

  /**
   * Returns the embeddings of words as they come into the slot {@link ModelSlot.Kind#INPUTS}.
   *
   * @param ids integers
   */
  public Tensor embed(Tensor ids) {
    return words.apply(ids);
  }

  /** Returns all slots, in the order that they were added. */
  public List<ModelSlot> all() {
    return List.copyOf(all);
  }

  /** Returns the slots of a kind; empty if the model has none. */
  public List<ModelSlot> of(ModelSlot.Kind kind) {
    return all.stream().filter(s -> s.kind() == kind).toList();
  }

  /**
   * Returns the only slot of a kind.
   *
   * @throws IllegalArgumentException if the model has none
   */
  public ModelSlot only(ModelSlot.Kind kind) {
    return of(kind).stream()
        .findFirst()
        .orElseThrow(
            () ->
                new IllegalArgumentException(
                    "a model of the kind '"
                        + sizes.modelType()
                        + "' has no slot for "
                        + kind
                        + "; it has "
                        + all.stream().map(ModelSlot::name).toList()));
  }
}
