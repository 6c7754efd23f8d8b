/** GraLoRA: low-rank matrices in blocks. */
@NullMarked
package dev.peft4j.tuner.gralora;

import org.jspecify.annotations.NullMarked;
