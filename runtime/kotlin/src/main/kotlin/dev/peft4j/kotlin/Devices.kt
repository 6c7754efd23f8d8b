package dev.peft4j.kotlin

import dev.peft4j.backend.Backends
import dev.peft4j.backend.Device
import dev.peft4j.backend.Precision

/**
 * Computes on a device; what is computed must be read in the block.
 *
 * ```
 * val losses = computeOn(Device.of("tornado:gpu"), Precision.TF32) { train(model) }
 * ```
 *
 * @param precision the arithmetic of the device's products
 * @throws IllegalArgumentException if the device has no products of that precision, naming those that it has
 */
public fun <T : Any> computeOn(device: Device, precision: Precision = device.precision(), block: () -> T): T =
  Backends.with(device.withPrecision(precision).backend(), block)
