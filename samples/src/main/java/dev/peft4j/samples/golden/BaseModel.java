package dev.peft4j.samples.golden;

import dev.peft4j.nn.Linear;
import dev.peft4j.nn.Module;
import dev.peft4j.tensor.Tensor;

/** One linear layer, 2 → 4. */
final class BaseModel extends Module {
  private final Linear linear = new Linear(2, 4);

  /** Returns the result (n, 4) for x (n, 2). */
  Tensor forward(Tensor x) {
    return linear.forward(x);
  }
}
