package dev.peft4j.transformers;

import dev.peft4j.nn.Linear;
import dev.peft4j.nn.Module;
import dev.peft4j.tensor.Tensor;

/** The first half of a feed-forward block: a wider projection and the activation. */
public final class BertIntermediate extends Module {
  private final Linear dense;
  private final Activation activation;

  BertIntermediate(BertConfig config, BertInit init) {
    this.dense = init.linear(config.hiddenSize(), config.intermediateSize());
    this.activation = config.activation();
  }

  Tensor forward(Tensor x) {
    return activation.apply(dense.forward(x));
  }

  /** The projection to intermediate size. */
  public Linear dense() {
    return dense;
  }
}
