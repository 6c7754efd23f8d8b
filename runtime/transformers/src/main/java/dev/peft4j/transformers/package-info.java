/** Transformer models, read from Hugging Face folders. */
@NullMarked
package dev.peft4j.transformers;

import org.jspecify.annotations.NullMarked;
