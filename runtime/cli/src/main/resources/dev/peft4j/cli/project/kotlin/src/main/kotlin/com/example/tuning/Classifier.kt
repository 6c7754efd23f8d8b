package com.example.tuning

import dev.peft4j.annotation.Peft
import dev.peft4j.kotlin.invoke
import dev.peft4j.kotlin.plus
import dev.peft4j.nn.Layer
import dev.peft4j.nn.Linear
import dev.peft4j.nn.Module
import dev.peft4j.tensor.Tensor

class Block(width: Int) : Module(), Layer {
  val up = Linear(width, 2 * width)
  val down = Linear(2 * width, width)

  override fun forward(x: Tensor): Tensor = x + down(up(x).gelu())
}

/** Some blocks and a head, x (batch, width), result (batch, classes); the build generates `ClassifierPeft`. */
@Peft(target = ["up", "down"], r = 4, alpha = 8.0, modulesToSave = ["head"])
open class Classifier(width: Int, depth: Int, classes: Int) : Module(), Layer {
  val blocks = List(depth) { Block(width) }
  val head = Linear(width, classes)

  override fun forward(x: Tensor): Tensor = head(blocks.fold(x) { y, block -> block(y) })
}
