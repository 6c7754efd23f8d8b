/**
 * Transformer models in the layout of Hugging Face, and their tokenizers: {@link
 * dev.peft4j.transformers.Transformers} loads them. Parameters have the same names and order as in
 * transformers.
 */
@NullMarked
package dev.peft4j.transformers;

import org.jspecify.annotations.NullMarked;
