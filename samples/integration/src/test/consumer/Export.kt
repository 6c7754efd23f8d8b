package com.example.tuning

import dev.peft4j.io.SafeTensors
import dev.peft4j.io.StoredTensor
import dev.peft4j.kotlin.invoke
import dev.peft4j.kotlin.loadPeft
import dev.peft4j.kotlin.randomNormal
import dev.peft4j.kotlin.seeded
import dev.peft4j.tensor.Tensor
import java.nio.file.Path

/** Writes the base model, and what the adapted one computes, for another program to compare. */
fun main(args: Array<String>) {
  val folder = Path.of(args[0])
  val tensors = linkedMapOf<String, StoredTensor>()
  fun put(name: String, t: Tensor) = tensors.put(name, StoredTensor.of(t.toFloats(), *t.shape().toArray()))
  val base = seeded(7) { Regressor() }
  base.stateDict().forEach { (name, p) -> put(name, p) }
  val x = randomNormal(32, 8, seed = 0)
  put("x", x)
  put("y", loadPeft(base, folder.resolve("adapter"))(x))
  SafeTensors.write(folder.resolve("export.safetensors"), tensors, mapOf())
}
