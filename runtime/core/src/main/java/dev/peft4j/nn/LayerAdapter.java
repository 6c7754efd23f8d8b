package dev.peft4j.nn;

import dev.peft4j.tensor.Tensor;
import java.util.function.UnaryOperator;

/** A change of what a layer computes. */
public interface LayerAdapter {
  /**
   * Returns the layer's result with this adapter.
   *
   * @param x the layer's input
   * @param base computes the layer without this adapter
   */
  Tensor forward(Tensor x, UnaryOperator<Tensor> base);
}
