/**
 * Transformer models as they lie in Hugging Face folders, and their tokenizers: {@link
 * dev.peft4j.transformers.Transformers} loads them. Parameters have the names and the order that
 * they have in transformers.
 */
@NullMarked
package dev.peft4j.transformers;

import org.jspecify.annotations.NullMarked;
