package dev.peft4j.nn;

import dev.peft4j.tensor.Tensor;
import java.util.ArrayList;
import java.util.List;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;

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
  private @Nullable MirrorMaker mirrors;

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
    return add(new ModelSlot(kind, -1, this, ""));
  }

  /**
   * Adds a slot of a layer.
   *
   * @param layer index of the layer, from 0
   */
  public ModelSlot add(ModelSlot.Kind kind, int layer) {
    return add(kind, layer, "");
  }

  /**
   * Adds a slot around a layer's module.
   *
   * @param layer index of the layer, from 0
   * @param path of the module, below that of the model
   */
  public ModelSlot add(ModelSlot.Kind kind, int layer, String path) {
    return add(new ModelSlot(kind, layer, this, path));
  }

  /**
   * Lets adapters make small models of the same kind.
   *
   * @param maker makes one
   */
  public void mirrors(MirrorMaker maker) {
    mirrors = maker;
  }

  /**
   * Returns a new model of the same kind with other sizes, initialised as the kind is.
   *
   * @throws IllegalArgumentException if the kind of model has none
   */
  public Mirror mirror(MirrorSizes mirrorSizes) {
    if (mirrors == null) {
      throw new IllegalArgumentException(
          "models of the kind '" + sizes.modelType() + "' cannot be made in other sizes");
    }
    return mirrors.mirror(mirrorSizes);
  }

  /**
   * The sizes of a model of the same kind; 0 stands for that of the model.
   *
   * @param layers number of layers
   * @param hidden width of hidden states
   * @param intermediate width inside of feed-forward blocks
   * @param heads heads of queries
   */
  public record MirrorSizes(int layers, int hidden, int intermediate, int heads) {}

  /** A model of the same kind. */
  public interface Mirror {
    /** Returns the module. */
    Module module();

    /** Returns the name of the table of tokens in it. */
    String table();

    /**
     * Returns its hidden states for the input of the call that the model itself is in, (batch,
     * tokens, width).
     *
     * @param shares whether it takes the embeddings of the model in place of its own
     */
    Tensor states(boolean shares);
  }

  /** A way to make one. */
  @FunctionalInterface
  public interface MirrorMaker {
    /** Makes it. */
    Mirror mirror(MirrorSizes sizes);
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
