/**
 * The training loop: {@link dev.peft4j.train.Trainer} runs an optimizer over {@link
 * dev.peft4j.train.Batches}, notifies {@link dev.peft4j.train.TrainingListener}s, and writes {@link
 * dev.peft4j.train.Checkpoint}s from which it continues bit for bit.
 */
@NullMarked
package dev.peft4j.train;

import org.jspecify.annotations.NullMarked;
