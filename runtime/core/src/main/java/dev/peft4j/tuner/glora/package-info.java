/** GLoRA: scales and shifts of a weight and a bias. */
@NullMarked
package dev.peft4j.tuner.glora;

import org.jspecify.annotations.NullMarked;
