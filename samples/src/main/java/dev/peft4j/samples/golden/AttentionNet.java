package dev.peft4j.samples.golden;

import dev.peft4j.nn.Linear;
import dev.peft4j.nn.Module;
import dev.peft4j.nn.MultiheadAttention;
import dev.peft4j.tensor.Tensor;

/** Attention of four heads, the mean over the sequence, and a linear layer. */
final class AttentionNet extends Module {
  private final MultiheadAttention attn = new MultiheadAttention(16, 4);
  private final Linear fc = new Linear(16, 4);

  /** Returns the logits (n, 4) for x (n, length, 16). */
  Tensor forward(Tensor x) {
    return fc.forward(attn.forward(x, null, false).mean(1));
  }
}
