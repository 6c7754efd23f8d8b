/** X-LoRA: experts of LoRA that a classifier mixes for each token. */
@NullMarked
package dev.peft4j.tuner.xlora;

import org.jspecify.annotations.NullMarked;
