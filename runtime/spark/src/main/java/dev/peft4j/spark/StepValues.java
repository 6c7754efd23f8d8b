package dev.peft4j.spark;

import dev.peft4j.train.StepPlace;
import java.io.Serializable;
import java.util.List;

/**
 * What an executor gets once a step.
 *
 * @param place the step
 * @param values of the parameters
 * @param trained whether each gets a gradient
 * @param compression of the gradients
 * @param local the step's number if executors are this process, else 0; see {@link HandOver}
 */
record StepValues(
    StepPlace place,
    Tensors values,
    List<Boolean> trained,
    GradientCompression compression,
    long local)
    implements Serializable {
  private static final long serialVersionUID = 1L;
}
