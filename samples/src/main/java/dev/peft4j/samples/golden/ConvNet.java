package dev.peft4j.samples.golden;

import dev.peft4j.nn.Conv2d;
import dev.peft4j.nn.Linear;
import dev.peft4j.nn.Module;
import dev.peft4j.tensor.Tensor;

/** A network of two convolutions, the mean over the picture, and a linear layer. */
final class ConvNet extends Module {
  private final Conv2d conv1 = new Conv2d(3, 8, 3, 1, 1);
  private final Conv2d conv2 = new Conv2d(8, 8, 3, 2, 1);
  private final Linear fc = new Linear(8, 4);

  /** Returns the logits (n, 4) for x (n, 3, height, width). */
  Tensor forward(Tensor x) {
    return fc.forward(conv2.forward(conv1.forward(x).relu()).relu().mean(2, 3));
  }
}
