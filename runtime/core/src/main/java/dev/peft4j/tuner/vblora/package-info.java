/** VB-LoRA: low-rank matrices put together from a bank of vectors that all layers share. */
@NullMarked
package dev.peft4j.tuner.vblora;

import org.jspecify.annotations.NullMarked;
