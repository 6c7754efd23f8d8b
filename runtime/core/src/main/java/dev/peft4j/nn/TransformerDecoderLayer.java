package dev.peft4j.nn;

import dev.peft4j.tensor.Tensor;
import org.jspecify.annotations.Nullable;

/**
 * A block of self-attention, attention to an encoder's result, and feed-forward (Vaswani et al.
 * 2017; torch's {@code nn.TransformerDecoderLayer} with {@code batch_first}): x (batch, length,
 * dim), memory (batch, keys, dim).
 */
public class TransformerDecoderLayer extends Module {
  private final MultiheadAttention selfAttn;
  private final MultiheadAttention multiheadAttn;
  private final Linear linear1;
  private final Dropout dropout;
  private final Linear linear2;
  private final LayerNorm norm1;
  private final LayerNorm norm2;
  private final LayerNorm norm3;
  private final Dropout dropout1;
  private final Dropout dropout2;
  private final Dropout dropout3;
  private final Layer activation;
  private final boolean normFirst;

  /** Creates a block with relu, dropout 0.1, and norms after each part. */
  public TransformerDecoderLayer(int dim, int heads, int feedforward) {
    this(dim, heads, feedforward, 0.1, new Relu(), false);
  }

  /**
   * Creates a block.
   *
   * @param dropout probability after each attention, within and after the feed-forward
   * @param normFirst whether a norm is before its part instead of after it
   */
  public TransformerDecoderLayer(
      int dim, int heads, int feedforward, double dropout, Layer activation, boolean normFirst) {
    this.selfAttn = new MultiheadAttention(dim, heads);
    this.multiheadAttn = new MultiheadAttention(dim, heads);
    this.linear1 = new Linear(dim, feedforward);
    this.dropout = new Dropout(dropout);
    this.linear2 = new Linear(feedforward, dim);
    this.norm1 = new LayerNorm(dim);
    this.norm2 = new LayerNorm(dim);
    this.norm3 = new LayerNorm(dim);
    this.dropout1 = new Dropout(dropout);
    this.dropout2 = new Dropout(dropout);
    this.dropout3 = new Dropout(dropout);
    this.activation = activation;
    this.normFirst = normFirst;
  }

  /**
   * Returns the block's result.
   *
   * @param mask of the self-attention: additive, broadcasts to (batch, heads, length, length), or
   *     null
   * @param memoryMask of the attention to the memory: additive, broadcasts to (batch, heads,
   *     length, keys), or null
   * @param causal whether a position sees only those of x that are not later
   */
  public Tensor forward(
      Tensor x, Tensor memory, @Nullable Tensor mask, @Nullable Tensor memoryMask, boolean causal) {
    if (normFirst) {
      Tensor y = x.add(attend(norm1.forward(x), mask, causal));
      y = y.add(look(norm2.forward(y), memory, memoryMask));
      return y.add(feed(norm3.forward(y)));
    }
    Tensor y = norm1.forward(x.add(attend(x, mask, causal)));
    y = norm2.forward(y.add(look(y, memory, memoryMask)));
    return norm3.forward(y.add(feed(y)));
  }

  private Tensor attend(Tensor x, @Nullable Tensor mask, boolean causal) {
    return dropout1.forward(selfAttn.forward(x, mask, causal));
  }

  private Tensor look(Tensor x, Tensor memory, @Nullable Tensor mask) {
    return dropout2.forward(multiheadAttn.forward(x, memory, memory, mask, false));
  }

  private Tensor feed(Tensor x) {
    Tensor hidden = dropout.forward(activation.forward(linear1.forward(x)));
    return dropout3.forward(linear2.forward(hidden));
  }
}
