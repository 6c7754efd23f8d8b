/** Trainable tokens: a few rows of an embedding. */
@NullMarked
package dev.peft4j.tuner.tokens;

import org.jspecify.annotations.NullMarked;
