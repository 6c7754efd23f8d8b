package dev.peft4j.tuner.glora;

/** The parts of which one of GLoRA's paths is made. */
public enum GLoraPath {
  /** A product of two thin matrices. */
  LORA,
  /** A number for each row. */
  VECTOR,
  /** One number. */
  CONSTANT,
  /** Nothing. */
  NONE
}
