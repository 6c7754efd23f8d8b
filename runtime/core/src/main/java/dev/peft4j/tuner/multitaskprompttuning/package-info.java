/** Multitask prompt tuning: virtual tokens that tasks share and change. */
@NullMarked
package dev.peft4j.tuner.multitaskprompttuning;

import org.jspecify.annotations.NullMarked;
