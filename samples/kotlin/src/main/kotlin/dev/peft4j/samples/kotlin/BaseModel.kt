package dev.peft4j.samples.kotlin

import dev.peft4j.annotation.Peft
import dev.peft4j.kotlin.invoke
import dev.peft4j.nn.Layer
import dev.peft4j.nn.Linear
import dev.peft4j.nn.Module
import dev.peft4j.tensor.Tensor

/** One linear layer, to be adapted: the build makes `BaseModelPeft` of it. */
@Peft(target = ["linear"], r = 1, alpha = 4.0)
open class BaseModel(dimIn: Int, dimOut: Int) : Module(), Layer {
  val linear = Linear(dimIn, dimOut)

  /** x (batch, dimIn), result (batch, dimOut). */
  override fun forward(x: Tensor): Tensor = linear(x)
}
