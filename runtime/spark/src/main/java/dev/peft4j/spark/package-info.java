/**
 * Training with the executors of Apache Spark: they compute the gradients, the driver sums them and
 * steps, and the result is that of one process, bit for bit.
 */
@NullMarked
package dev.peft4j.spark;

import org.jspecify.annotations.NullMarked;
