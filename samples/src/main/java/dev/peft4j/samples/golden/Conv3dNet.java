package dev.peft4j.samples.golden;

import dev.peft4j.nn.Conv3d;
import dev.peft4j.nn.Linear;
import dev.peft4j.nn.Module;
import dev.peft4j.tensor.Tensor;

/** A network of two three-dimensional convolutions, the mean over space, and a linear layer. */
final class Conv3dNet extends Module {
  private final Conv3d conv1 = new Conv3d(2, 4, 3, 1, 1);
  private final Conv3d conv2 = new Conv3d(4, 4, 2, 2, 0);
  private final Linear fc = new Linear(4, 4);

  /** Returns the logits (n, 4) for x (n, 2, d, h, w). */
  Tensor forward(Tensor x) {
    return fc.forward(conv2.forward(conv1.forward(x).relu()).relu().mean(2, 3, 4));
  }
}
