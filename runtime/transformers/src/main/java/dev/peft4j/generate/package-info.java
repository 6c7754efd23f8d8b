/**
 * Generation of text with decoders: {@link dev.peft4j.generate.Generator} reads a prompt once,
 * keeps keys and values in a cache of the call, and continues it token by token. {@link
 * dev.peft4j.generate.GenerationConfig} has the settings of {@code generation_config.json} with
 * transformers' names and defaults; each processor of logits is one file, found by {@link
 * java.util.ServiceLoader}.
 */
@NullMarked
package dev.peft4j.generate;

import org.jspecify.annotations.NullMarked;
