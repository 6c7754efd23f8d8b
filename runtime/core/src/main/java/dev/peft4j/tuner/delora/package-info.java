/** DeLoRA: low-rank matrices whose norm is bounded. */
@NullMarked
package dev.peft4j.tuner.delora;

import org.jspecify.annotations.NullMarked;
