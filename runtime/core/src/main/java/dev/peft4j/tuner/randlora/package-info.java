/** RandLoRA: sums of random low-rank matrices, of full rank together. */
@NullMarked
package dev.peft4j.tuner.randlora;

import org.jspecify.annotations.NullMarked;
