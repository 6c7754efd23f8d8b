/**
 * Supervised fine-tuning data of language models: rows of text, prompts with completions and
 * conversations become token ids with the tokens that the loss counts; rows are truncated, packed
 * and put into batches. The results are those of TRL, but for what its users stumble over.
 */
@NullMarked
package dev.peft4j.sft;

import org.jspecify.annotations.NullMarked;
