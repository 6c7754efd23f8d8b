/**
 * LoRA (low-rank adaptation) and what peft makes of it: DoRA, PiSSA, OLoRA, rank-stabilised scales.
 */
@NullMarked
package dev.peft4j.tuner.lora;

import org.jspecify.annotations.NullMarked;
