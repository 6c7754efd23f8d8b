/** Prefix tuning: keys and values in front of those of each layer. */
@NullMarked
package dev.peft4j.tuner.prefixtuning;

import org.jspecify.annotations.NullMarked;
