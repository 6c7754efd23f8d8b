package dev.peft4j.nn;

import java.util.List;

/**
 * A model with trainable parameters: a {@link Module}, with all of them, or a {@link
 * dev.peft4j.tuner.PeftModel}, with those of its adapters.
 */
public interface Trainable {
  /** Returns all parameters with their names. */
  List<NamedParameter> namedParameters();

  /** Returns the parameters that receive gradients, for an optimizer. */
  List<Parameter> trainableParameters();
}
