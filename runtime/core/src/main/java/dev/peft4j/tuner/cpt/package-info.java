/** Context-aware prompt tuning: examples in front of a text that may change a little. */
@NullMarked
package dev.peft4j.tuner.cpt;

import org.jspecify.annotations.NullMarked;
