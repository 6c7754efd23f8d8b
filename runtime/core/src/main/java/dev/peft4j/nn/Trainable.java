package dev.peft4j.nn;

import java.util.List;

/**
 * A model with parameters to be trained: a {@link Module}, of which all are, or a {@link
 * dev.peft4j.tuner.PeftModel}, of which those of its adapters are.
 */
public interface Trainable {
  /** All parameters with their names. */
  List<NamedParameter> namedParameters();

  /** The parameters that receive gradients: what an optimizer is given. */
  List<Parameter> trainableParameters();
}
