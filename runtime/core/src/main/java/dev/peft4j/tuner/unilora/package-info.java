/** Uni-LoRA: low-rank matrices whose numbers are all taken from one vector. */
@NullMarked
package dev.peft4j.tuner.unilora;

import org.jspecify.annotations.NullMarked;
