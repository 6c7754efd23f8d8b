package dev.peft4j.transformers;

import dev.peft4j.annotation.CheckpointName;
import dev.peft4j.nn.Linear;
import dev.peft4j.nn.Module;
import dev.peft4j.nn.PRelu;
import dev.peft4j.tensor.Tensor;
import org.jspecify.annotations.Nullable;

/** The first half of a feed-forward block: a wider projection and the activation. */
public final class BertIntermediate extends Module {
  private final Linear dense;
  private final Activation activation;

  @CheckpointName("intermediate_act_fn")
  private final @Nullable PRelu slope;

  BertIntermediate(EncoderConfig config, Init init) {
    this.dense = init.linear(config.hiddenSize(), config.intermediateSize());
    this.activation = config.activation();
    this.slope = activation == Activation.PRELU ? new PRelu() : null;
  }

  Tensor forward(Tensor x) {
    Tensor wide = dense.forward(x);
    return slope == null ? activation.apply(wide) : slope.forward(wide);
  }

  /** Returns the projection to intermediate size. */
  public Linear dense() {
    return dense;
  }
}
