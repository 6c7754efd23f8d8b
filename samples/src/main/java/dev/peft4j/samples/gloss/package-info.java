/**
 * A classifier for WordNet's 26 noun topics: a pretrained sentence encoder, fine-tuned with LoRA;
 * {@link dev.peft4j.samples.gloss.Gloss} is the program.
 */
@NullMarked
package dev.peft4j.samples.gloss;

import org.jspecify.annotations.NullMarked;
