/** Supertuning: the largest weights are trained. */
@NullMarked
package dev.peft4j.tuner.supertuning;

import org.jspecify.annotations.NullMarked;
