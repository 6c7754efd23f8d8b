package dev.peft4j.nn;

import dev.peft4j.tensor.Tensor;

/** Something that maps one tensor to one: what {@link Sequential} chains. */
public interface Layer {
  /** The result for {@code x}. */
  Tensor forward(Tensor x);
}
