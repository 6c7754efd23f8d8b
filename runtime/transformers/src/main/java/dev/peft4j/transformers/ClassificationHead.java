package dev.peft4j.transformers;

import dev.peft4j.nn.Dropout;
import dev.peft4j.nn.Linear;
import dev.peft4j.nn.Module;
import dev.peft4j.tensor.Tensor;

/**
 * A classifier of two layers on the first token's hidden state, as in RoBERTa and related models.
 */
public final class ClassificationHead extends Module {
  private final Linear dense;
  private final Dropout dropout;
  private final Linear outProj;
  private final Activation activation;

  /**
   * Creates a classifier for the labels of {@code config}.
   *
   * @param activation between the layers
   * @param dropout probability before each layer
   */
  public ClassificationHead(
      EncoderConfig config, Activation activation, double dropout, Init init) {
    this.dense = init.linear(config.hiddenSize(), config.hiddenSize());
    this.dropout = new Dropout(dropout);
    this.outProj = init.linear(config.hiddenSize(), config.numLabels());
    this.activation = activation;
  }

  /**
   * Returns the logits, (batch, labels).
   *
   * @param hidden (batch, tokens, hidden)
   */
  public Tensor forward(Tensor hidden) {
    Tensor x = dense.forward(dropout.forward(Pooling.first(hidden)));
    return outProj.forward(dropout.forward(activation.apply(x)));
  }

  /** Returns the first layer. */
  public Linear dense() {
    return dense;
  }

  /** Returns the layer that gives the logits. */
  public Linear outProj() {
    return outProj;
  }
}
