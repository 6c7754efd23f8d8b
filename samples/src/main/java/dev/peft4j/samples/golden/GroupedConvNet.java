package dev.peft4j.samples.golden;

import dev.peft4j.nn.Conv2d;
import dev.peft4j.nn.Linear;
import dev.peft4j.nn.Module;
import dev.peft4j.op.Window;
import dev.peft4j.tensor.Tensor;

/** A convolution in two groups, one of single points, one of columns, and a linear layer. */
final class GroupedConvNet extends Module {
  private final Conv2d grouped = new Conv2d(4, 8, Window.square(3, 1, 1), 2, true);
  private final Conv2d point = new Conv2d(8, 8, 1);
  private final Conv2d rect = new Conv2d(8, 6, new Window(3, 1, 1, 1, 1, 0, 1, 1), 1, true);
  private final Linear fc = new Linear(6, 4);

  /** Returns the logits (n, 4) for x (n, 4, height, width). */
  Tensor forward(Tensor x) {
    Tensor y = rect.forward(point.forward(grouped.forward(x).relu()).relu()).relu();
    return fc.forward(y.mean(2, 3));
  }
}
