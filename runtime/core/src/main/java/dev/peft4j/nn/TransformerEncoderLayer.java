package dev.peft4j.nn;

import dev.peft4j.tensor.Tensor;
import org.jspecify.annotations.Nullable;

/**
 * A block of self-attention and feed-forward (Vaswani et al. 2017; torch's {@code
 * nn.TransformerEncoderLayer} with {@code batch_first}): x (batch, length, dim).
 */
public class TransformerEncoderLayer extends Module implements Layer {
  private final MultiheadAttention selfAttn;
  private final Linear linear1;
  private final Dropout dropout;
  private final Linear linear2;
  private final LayerNorm norm1;
  private final LayerNorm norm2;
  private final Dropout dropout1;
  private final Dropout dropout2;
  private final Layer activation;
  private final boolean normFirst;

  /** Creates a block with relu, dropout 0.1, and norms after each part. */
  public TransformerEncoderLayer(int dim, int heads, int feedforward) {
    this(dim, heads, feedforward, 0.1, new Relu(), false);
  }

  /**
   * Creates a block.
   *
   * @param dropout probability after the attention, within and after the feed-forward
   * @param normFirst whether a norm is before its part (Xiong et al. 2020) instead of after it
   */
  public TransformerEncoderLayer(
      int dim, int heads, int feedforward, double dropout, Layer activation, boolean normFirst) {
    this.selfAttn = new MultiheadAttention(dim, heads);
    this.linear1 = new Linear(dim, feedforward);
    this.dropout = new Dropout(dropout);
    this.linear2 = new Linear(feedforward, dim);
    this.norm1 = new LayerNorm(dim);
    this.norm2 = new LayerNorm(dim);
    this.dropout1 = new Dropout(dropout);
    this.dropout2 = new Dropout(dropout);
    this.activation = activation;
    this.normFirst = normFirst;
  }

  @Override
  public Tensor forward(Tensor x) {
    return forward(x, null, false);
  }

  /**
   * Returns the block's result.
   *
   * @param mask additive, broadcasts to (batch, heads, length, length), or null
   * @param causal whether a position sees only those that are not later
   */
  public Tensor forward(Tensor x, @Nullable Tensor mask, boolean causal) {
    if (normFirst) {
      Tensor y = x.add(attend(norm1.forward(x), mask, causal));
      return y.add(feed(norm2.forward(y)));
    }
    Tensor y = norm1.forward(x.add(attend(x, mask, causal)));
    return norm2.forward(y.add(feed(y)));
  }

  private Tensor attend(Tensor x, @Nullable Tensor mask, boolean causal) {
    return dropout1.forward(selfAttn.forward(x, mask, causal));
  }

  private Tensor feed(Tensor x) {
    Tensor hidden = dropout.forward(activation.forward(linear1.forward(x)));
    return dropout2.forward(linear2.forward(hidden));
  }
}
