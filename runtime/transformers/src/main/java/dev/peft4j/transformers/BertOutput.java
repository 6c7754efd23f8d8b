package dev.peft4j.transformers;

import dev.peft4j.annotation.CheckpointName;
import dev.peft4j.nn.Dropout;
import dev.peft4j.nn.LayerNorm;
import dev.peft4j.nn.Linear;
import dev.peft4j.nn.Module;
import dev.peft4j.tensor.Tensor;

/**
 * The end of a block: a projection, then normalisation of its sum with the block's input
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
   * Returns the block's result (batch, tokens, hidden).
   *
   * @param x the result of the block, (batch, tokens, in)
   * @param input the input of the block, (batch, tokens, hidden)
   */
  Tensor forward(Tensor x, Tensor input) {
    return layerNorm.forward(dropout.forward(dense.forward(x)).add(input));
  }

  /** Returns the projection to hidden size. */
  public Linear dense() {
    return dense;
  }

  /** Returns the normalisation of the sum. */
  public LayerNorm layerNorm() {
    return layerNorm;
  }

  /** Returns the dropout before the sum. */
  public Dropout dropout() {
    return dropout;
  }
}
