package dev.peft4j.tuner;

import dev.peft4j.nn.Trainable;

/** Marks a model with adapters; a generated one extends the class that people know the base by. */
interface Adapted extends Trainable {}
