package dev.peft4j.nn;

/** A layer that adapters can be attached to. */
public interface Adaptable {
  /** The layer's slot. */
  AdapterSlot slot();

  /** True for what {@code all-linear} targets. */
  default boolean isLinear() {
    return false;
  }
}
