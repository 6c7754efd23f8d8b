/** PEANuT: a small network of the weight. */
@NullMarked
package dev.peft4j.tuner.peanut;

import org.jspecify.annotations.NullMarked;
