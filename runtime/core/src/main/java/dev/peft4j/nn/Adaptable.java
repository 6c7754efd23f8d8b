package dev.peft4j.nn;

/** A layer that adapters can be attached to. */
public interface Adaptable {
  /** The layer's slot. */
  AdapterSlot slot();
}
