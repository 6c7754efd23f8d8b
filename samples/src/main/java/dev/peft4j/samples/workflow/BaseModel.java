package dev.peft4j.samples.workflow;

import dev.peft4j.annotation.Peft;
import dev.peft4j.nn.Linear;
import dev.peft4j.nn.Module;
import dev.peft4j.tensor.Tensor;

/** A model of one linear layer, to be adapted: the build generates {@code BaseModelPeft} for it. */
@Peft(target = "linear", r = 1, alpha = 4)
public class BaseModel extends Module {
  final Linear linear;

  /** Creates a layer from {@code dimIn} numbers to {@code dimOut}. */
  public BaseModel(int dimIn, int dimOut) {
    linear = new Linear(dimIn, dimOut);
  }

  /** Returns the result (batch, dimOut) for x (batch, dimIn). */
  public Tensor forward(Tensor x) {
    return linear.forward(x);
  }
}
