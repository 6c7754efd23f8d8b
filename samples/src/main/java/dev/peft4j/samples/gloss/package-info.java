/** Classifies WordNet glosses with a fine-tuned sentence encoder. */
@NullMarked
package dev.peft4j.samples.gloss;

import org.jspecify.annotations.NullMarked;
