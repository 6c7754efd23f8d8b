/** Prompt tuning: embeddings of virtual tokens in front of a text. */
@NullMarked
package dev.peft4j.tuner.prompttuning;

import org.jspecify.annotations.NullMarked;
