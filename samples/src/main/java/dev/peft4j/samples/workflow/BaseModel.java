package dev.peft4j.samples.workflow;

import dev.peft4j.annotation.Peft;
import dev.peft4j.nn.Linear;
import dev.peft4j.nn.Module;
import dev.peft4j.tensor.Tensor;

/** One linear layer, to be adapted: the build makes {@code BaseModelPeft} of it. */
@Peft(target = "linear", r = 1, alpha = 4)
public class BaseModel extends Module {
  final Linear linear;

  /** A layer from {@code dimIn} numbers to {@code dimOut}. */
  public BaseModel(int dimIn, int dimOut) {
    linear = new Linear(dimIn, dimOut);
  }

  /** x (batch, dimIn), result (batch, dimOut). */
  public Tensor forward(Tensor x) {
    return linear.forward(x);
  }
}
