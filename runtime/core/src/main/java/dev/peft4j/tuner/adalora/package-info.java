/** AdaLoRA: low-rank adapters that share a budget of ranks. */
@NullMarked
package dev.peft4j.tuner.adalora;

import org.jspecify.annotations.NullMarked;
