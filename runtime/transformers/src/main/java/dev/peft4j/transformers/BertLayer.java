package dev.peft4j.transformers;

import dev.peft4j.nn.Module;
import dev.peft4j.tensor.Tensor;
import org.jspecify.annotations.Nullable;

/** One layer of the encoder: attention, then the feed-forward block. */
public final class BertLayer extends Module {
  private final BertAttention attention;
  private final BertIntermediate intermediate;
  private final BertOutput output;

  BertLayer(EncoderConfig config, Init init) {
    this.attention = new BertAttention(config, init);
    this.intermediate = new BertIntermediate(config, init);
    this.output = new BertOutput(config.intermediateSize(), config, init);
  }

  Tensor forward(Tensor x, @Nullable Tensor mask) {
    Tensor attended = attention.forward(x, mask);
    return output.forward(intermediate.forward(attended), attended);
  }

  /** Returns the attention block. */
  public BertAttention attention() {
    return attention;
  }

  /** Returns the first half of the feed-forward block. */
  public BertIntermediate intermediate() {
    return intermediate;
  }

  /** Returns the second half of the feed-forward block. */
  public BertOutput output() {
    return output;
  }
}
