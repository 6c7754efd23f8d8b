package com.example.tuning

import dev.peft4j.annotation.Peft
import dev.peft4j.kotlin.invoke
import dev.peft4j.kotlin.randomNormal
import dev.peft4j.kotlin.seeded
import dev.peft4j.kotlin.times
import dev.peft4j.kotlin.train
import dev.peft4j.nn.Layer
import dev.peft4j.nn.Linear
import dev.peft4j.nn.Module
import dev.peft4j.tensor.Tensor
import dev.peft4j.train.TrainingEvent
import java.nio.file.Path

class Block(width: Int) : Module(), Layer {
  val up = Linear(width, 2 * width)
  val down = Linear(2 * width, width)

  override fun forward(x: Tensor): Tensor = x.add(down(up(x).gelu()))
}

/** Some blocks and a head; kapt makes `RegressorPeft` of it. */
@Peft(target = ["up", "down"], r = 4, alpha = 8.0, modulesToSave = ["head"])
open class Regressor(width: Int = 8, depth: Int = 2) : Module(), Layer {
  val blocks = List(depth) { Block(width) }
  val head = Linear(width, 1)

  override fun forward(x: Tensor): Tensor = head(blocks.fold(x) { y, block -> block(y) })
}

data class Batch(val x: Tensor, val y: Tensor)

/** Learns the product of two of its inputs. Arguments: a folder for the run (default `run`), epochs (default 30). */
fun main(args: Array<String>) {
  val folder = Path.of(args.getOrElse(0) { "run" })
  val model = seeded(7) { RegressorPeft() }
  println(model.trainableSummary())
  val batches = List(16) { number ->
    val x = randomNormal(32, 8, seed = number.toLong())
    Batch(x, x.slice(1, 0, 1) * x.slice(1, 1, 2))
  }
  fun loss() = batches.map { (x, y) -> model(x).mseLoss(y).item() }.average()
  val before = loss()
  train(model) {
    adamW(lr = 1e-2)
    epochs = args.getOrElse(1) { "30" }.toLong()
    data(batches) { (x, y) -> model(x).mseLoss(y) }
    checkpoints(folder.resolve("checkpoints"), resume = true)
    listener { if (it is TrainingEvent.Started && it.from() != null) println("resumed at step ${it.state().step()}") }
    onSaved { println("checkpoint at step ${it.state().step()}") }
  }
  model.eval()
  println("loss %.4f, was %.4f".format(loss(), before))
  model.save(folder.resolve("adapter"))
  println("saved ${folder.resolve("adapter")}")
}
