package dev.peft4j.kotlin

import dev.peft4j.data.Rng
import dev.peft4j.tensor.Tensor

/** Returns a + b, broadcast. */
public operator fun Tensor.plus(b: Tensor): Tensor = add(b)

/** Returns a + b. */
public operator fun Tensor.plus(b: Number): Tensor = add(b.toFloat())

/** Returns a + b. */
public operator fun Number.plus(b: Tensor): Tensor = b.add(toFloat())

/** Returns a - b, broadcast. */
public operator fun Tensor.minus(b: Tensor): Tensor = sub(b)

/** Returns a - b. */
public operator fun Tensor.minus(b: Number): Tensor = sub(b.toFloat())

/** Returns a - b. */
public operator fun Number.minus(b: Tensor): Tensor = Tensor.scalar(toFloat()).sub(b)

/** Returns a · b element by element, broadcast; the matrix product is [matmul]. */
public operator fun Tensor.times(b: Tensor): Tensor = mul(b)

/** Returns a · b. */
public operator fun Tensor.times(b: Number): Tensor = mul(b.toFloat())

/** Returns a · b. */
public operator fun Number.times(b: Tensor): Tensor = b.mul(toFloat())

/** Returns a / b; of two tensors it is [Tensor.div] itself. */
public operator fun Tensor.div(b: Number): Tensor = div(b.toFloat())

/** Returns a / b. */
public operator fun Number.div(b: Tensor): Tensor = Tensor.scalar(toFloat()).div(b)

/** Returns -x. */
public operator fun Tensor.unaryMinus(): Tensor = neg()

/** Returns the matrix product over the two innermost dimensions; outer ones broadcast. */
public infix fun Tensor.matmul(b: Tensor): Tensor = matmul(b)

/** Returns a float32 tensor of the given values; without a shape it is a vector. */
public fun tensorOf(vararg values: Float, shape: IntArray = intArrayOf(values.size)): Tensor = Tensor.of(values, *shape)

/** Returns an int32 tensor of the given values; without a shape it is a vector. */
public fun tensorOf(vararg values: Int, shape: IntArray = intArrayOf(values.size)): Tensor = Tensor.of(values, *shape)

/** Returns a float32 tensor of random numbers from N([mean], [std]²); the same seed gives the same numbers. */
public fun randomNormal(vararg shape: Int, seed: Long, mean: Float = 0f, std: Float = 1f): Tensor =
  Tensor.of(Rng(seed).normal(shape.fold(1, Int::times), mean, std), *shape)

/** Runs [body] with a generator of this seed: layers and adapters draw their initial weights from it. */
public fun <T : Any> seeded(seed: Long, body: () -> T): T = Rng.with(seed, body)
