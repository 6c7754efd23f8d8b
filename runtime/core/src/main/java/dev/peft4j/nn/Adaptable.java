package dev.peft4j.nn;

/** A layer that adapters can be attached to. */
public interface Adaptable {
  /** Returns the layer's slot. */
  AdapterSlot slot();

  /** Returns whether {@code all-linear} targets this layer. */
  default boolean isLinear() {
    return false;
  }
}
