/** P-tuning: virtual tokens that a small network computes in training. */
@NullMarked
package dev.peft4j.tuner.ptuning;

import org.jspecify.annotations.NullMarked;
