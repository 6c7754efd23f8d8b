package dev.peft4j.nn;

import dev.peft4j.tensor.Tensor;

/** The slot of an attention with its output layer, and what an adapter there needs to attend. */
public final class AttentionSlot extends ModelSlot {
  /** The attention's own layers, as far as an adapter computes with them. */
  public interface Parts {
    /** Returns the keys of states: (batch, tokens, hidden) to (batch, tokens, key heads · size). */
    Tensor keys(Tensor states);

    /** Returns the values of states, of the same shape. */
    Tensor values(Tensor states);

    /** Returns the result of the output layer: (…, heads · head size) to (…, hidden). */
    Tensor output(Tensor context);
  }

  private final Parts parts;

  AttentionSlot(int layer, ModelSlots model, String path, Parts parts) {
    super(Kind.ATTENTION, layer, model, path);
    this.parts = parts;
  }

  /** Returns the attention's own layers. */
  public Parts parts() {
    return parts;
  }
}
