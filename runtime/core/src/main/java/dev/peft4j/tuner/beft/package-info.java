/** BEFT: a trained bias. */
@NullMarked
package dev.peft4j.tuner.beft;

import org.jspecify.annotations.NullMarked;
