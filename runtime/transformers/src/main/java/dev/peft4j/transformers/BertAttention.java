package dev.peft4j.transformers;

import dev.peft4j.nn.Module;
import dev.peft4j.tensor.Tensor;
import org.jspecify.annotations.Nullable;

/** The attention block of a layer. */
public final class BertAttention extends Module {
  private final BertSelfAttention self;
  private final BertOutput output;

  BertAttention(EncoderConfig config, Init init) {
    this.self = new BertSelfAttention(config, init);
    this.output = new BertOutput(config.hiddenSize(), config, init);
  }

  Tensor forward(Tensor x, @Nullable Tensor mask) {
    return output.forward(self.forward(x, mask), x);
  }

  /** Returns the attention itself. */
  public BertSelfAttention self() {
    return self;
  }

  /** Returns the projection and normalisation. */
  public BertOutput output() {
    return output;
  }
}
