package dev.peft4j.transformers;

import dev.peft4j.annotation.CheckpointName;
import dev.peft4j.nn.Dropout;
import dev.peft4j.nn.LayerNorm;
import dev.peft4j.nn.Linear;
import dev.peft4j.nn.Module;
import dev.peft4j.tensor.Tensor;

/**
 * The end of a block: projection, then normalisation of its sum with the block's input
 * (transformers' {@code BertSelfOutput} and {@code BertOutput}, which are the same).
 */
public final class BertOutput extends Module {
  private final Linear dense;

  @CheckpointName("LayerNorm")
  private final LayerNorm layerNorm;

  private final Dropout dropout;

  BertOutput(int in, EncoderConfig config, Init init) {
    this.dense = init.linear(in, config.hiddenSize());
    this.layerNorm = new LayerNorm(config.hiddenSize(), (float) config.layerNormEps());
    this.dropout = new Dropout(config.hiddenDropout());
  }

  /**
   * The block's result (batch, tokens, hidden).
   *
   * @param x what the block computed, (batch, tokens, in)
   * @param input what went into the block, (batch, tokens, hidden)
   */
  Tensor forward(Tensor x, Tensor input) {
    return layerNorm.forward(dropout.forward(dense.forward(x)).add(input));
  }

  /** The projection to hidden size. */
  public Linear dense() {
    return dense;
  }

  /** The normalisation of the sum. */
  public LayerNorm layerNorm() {
    return layerNorm;
  }

  /** The dropout before the sum. */
  public Dropout dropout() {
    return dropout;
  }
}
