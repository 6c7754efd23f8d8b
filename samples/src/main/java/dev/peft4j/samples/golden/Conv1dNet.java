package dev.peft4j.samples.golden;

import dev.peft4j.nn.Conv1d;
import dev.peft4j.nn.Linear;
import dev.peft4j.nn.Module;
import dev.peft4j.tensor.Tensor;

/** A network of two one-dimensional convolutions, the mean over the length, and a linear layer. */
final class Conv1dNet extends Module {
  private final Conv1d conv1 = new Conv1d(4, 8, 3, 1, 1);
  private final Conv1d conv2 = new Conv1d(8, 8, 3, 2, 1);
  private final Linear fc = new Linear(8, 4);

  /** Returns the logits (n, 4) for x (n, 4, length). */
  Tensor forward(Tensor x) {
    return fc.forward(conv2.forward(conv1.forward(x).relu()).relu().mean(2));
  }
}
