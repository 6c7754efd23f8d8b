package com.example.tuning

import dev.peft4j.data.Rng
import dev.peft4j.kotlin.invoke
import dev.peft4j.kotlin.seeded
import dev.peft4j.kotlin.train
import dev.peft4j.tensor.Tensor
import dev.peft4j.train.TrainingEvent
import java.nio.file.Files
import java.nio.file.Path

private const val WIDTH = 8

data class Batch(val x: Tensor, val labels: Tensor)

/** Takes a folder for the run (default `run`) and a number of epochs (default 20). */
fun main(args: Array<String>) = tune(Path.of(args.getOrElse(0) { "run" }), args.getOrElse(1) { "20" }.toLong())

/**
 * Trains a base model on one task, and an adapter on top of it for another one. Finished work is not repeated: an
 * interrupted run continues from its last checkpoint.
 */
fun tune(folder: Path, epochs: Long) {
  val base = folder.resolve("base")
  if (Files.notExists(base)) {
    trainBase(batches(0f)).save(base)
    println("base model in $base")
  }

  val model = load(base)
  println(model.trainableSummary())
  val batches = batches(1f)
  val before = accuracy(model, batches)
  train(model) {
    adamW(lr = 2e-2)
    this.epochs = epochs
    data(batches) { (x, labels) -> model(x).crossEntropy(labels) }
    checkpoints(folder.resolve("checkpoints"), resume = true)
    listener { if (it is TrainingEvent.Started && it.from() != null) println("resumed at step ${it.state().step()}") }
    onSaved { println("checkpoint at step ${it.state().step()}") }
  }
  println("accuracy %.3f, was %.3f".format(accuracy(model, batches), before))
  model.save(folder.resolve("adapter"))
  println("saved ${folder.resolve("adapter")}")
}

/** Returns a model whose weights are all trained. */
fun trainBase(batches: List<Batch>): Classifier {
  val model = seeded(7) { Classifier(WIDTH, 2, 2) }
  train(model) {
    adamW(lr = 1e-2)
    epochs = 10
    data(batches) { (x, labels) -> model(x).crossEntropy(labels) }
  }
  return model
}

/** Returns the base model with a new adapter, which changes nothing until it is trained. */
fun load(base: Path): ClassifierPeft = seeded(7) { ClassifierPeft(WIDTH, 2, 2) }.also { it.loadBase(base) }

/** Returns the base model with the trained adapter. */
fun load(base: Path, adapter: Path): ClassifierPeft =
  load(base).also {
    it.load(adapter)
    it.eval()
  }

fun batches(center: Float): List<Batch> = List(16) { batch(it, center) }

/** Returns points of `WIDTH` numbers; the label says whether one is far from a center. */
fun batch(number: Int, center: Float): Batch {
  val values = Rng(number.toLong()).normal(32 * WIDTH, 0f, 1f)
  val labels = IntArray(32) { i ->
    var squares = 0f
    for (j in 0 until WIDTH) {
      val distance = values[i * WIDTH + j] - center
      squares += distance * distance
    }
    if (squares > 7.3f + WIDTH * center * center) 1 else 0
  }
  return Batch(Tensor.of(values, 32, WIDTH), Tensor.of(labels))
}

fun accuracy(model: ClassifierPeft, batches: List<Batch>): Double {
  model.eval()
  val right = batches.sumOf { (x, labels) ->
    model(x).argmax().zip(labels.toInts().asIterable()).count { (found, label) -> found == label }
  }
  return right / (32.0 * batches.size)
}
