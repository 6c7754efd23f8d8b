/**
 * Checkpoints of any kind as weights under Hugging Face's names: folders of safetensors, those that
 * bitsandbytes quantized, and GGUF files, whose metadata becomes the content of a {@code
 * config.json}.
 *
 * <p>Internal to peft4j: may change at any time.
 */
@NullMarked
package dev.peft4j.checkpoint;

import org.jspecify.annotations.NullMarked;
