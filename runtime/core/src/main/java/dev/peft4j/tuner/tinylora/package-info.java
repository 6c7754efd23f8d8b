/** TinyLoRA: a few numbers between the singular vectors of a weight. */
@NullMarked
package dev.peft4j.tuner.tinylora;

import org.jspecify.annotations.NullMarked;
