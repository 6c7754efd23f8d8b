/** A language model whose adapter an annotation declares. */
@NullMarked
package dev.peft4j.samples.llama;

import org.jspecify.annotations.NullMarked;
