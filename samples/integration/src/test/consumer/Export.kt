package com.example.tuning

import dev.peft4j.io.SafeTensors
import dev.peft4j.io.StoredTensor
import dev.peft4j.kotlin.invoke
import dev.peft4j.tensor.Tensor
import java.nio.file.Path

/** Writes what the adapted model computes, for another program to compare. */
fun main(args: Array<String>) {
  val folder = Path.of(args[0])
  val tensors = linkedMapOf<String, StoredTensor>()
  fun put(name: String, t: Tensor) = tensors.put(name, StoredTensor.of(t.toFloats(), *t.shape().toArray()))
  val x = batch(0, 1f).x
  put("x", x)
  put("y", load(folder.resolve("base"), folder.resolve("adapter"))(x))
  SafeTensors.write(folder.resolve("export.safetensors"), tensors, mapOf())
}
