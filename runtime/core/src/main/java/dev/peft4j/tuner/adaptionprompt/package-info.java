/** Adaption prompts: gated attention to a learned prompt in the last layers. */
@NullMarked
package dev.peft4j.tuner.adaptionprompt;

import org.jspecify.annotations.NullMarked;
