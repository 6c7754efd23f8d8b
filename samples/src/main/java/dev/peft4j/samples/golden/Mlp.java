package dev.peft4j.samples.golden;

import dev.peft4j.nn.LayerNorm;
import dev.peft4j.nn.Linear;
import dev.peft4j.nn.Module;
import dev.peft4j.tensor.Tensor;

/** A network of three linear layers, one of them without bias, and a norm. */
final class Mlp extends Module {
  private final Linear fc1 = new Linear(16, 32);
  private final Linear fc2 = new Linear(32, 32, false);
  private final Linear head = new Linear(32, 8);
  private final LayerNorm norm = new LayerNorm(32);

  /** Returns the logits (n, 8) for x (n, 16). */
  Tensor forward(Tensor x) {
    return head.forward(fc2.forward(norm.forward(fc1.forward(x).relu())).gelu());
  }
}
