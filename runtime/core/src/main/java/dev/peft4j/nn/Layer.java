package dev.peft4j.nn;

import dev.peft4j.tensor.Tensor;

/** A function from one tensor to another, which {@link Sequential} can chain. */
public interface Layer {
  /** Returns the result for {@code x}. */
  Tensor forward(Tensor x);
}
