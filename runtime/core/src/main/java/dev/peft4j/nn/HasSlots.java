package dev.peft4j.nn;

/**
 * A model with slots for adapters of the whole model, besides those of its layers: a module that
 * turns token ids into hidden states.
 */
public interface HasSlots {
  /** Returns its slots. */
  ModelSlots slots();
}
