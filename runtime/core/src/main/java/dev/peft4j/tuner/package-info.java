/**
 * Adapters: configurations, the tuners that know their maths, and models that carry them. One file
 * a tuner.
 */
@NullMarked
package dev.peft4j.tuner;

import org.jspecify.annotations.NullMarked;
