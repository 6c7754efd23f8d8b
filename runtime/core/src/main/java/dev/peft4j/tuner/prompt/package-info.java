/** The common parts of tuners that learn virtual tokens in front of a text. */
@NullMarked
package dev.peft4j.tuner.prompt;

import org.jspecify.annotations.NullMarked;
