/**
 * Adapters of any tuner: what a tuner is, and models that carry adapters. Each tuner has a package
 * of its own below this one, which nothing here names.
 */
@NullMarked
package dev.peft4j.tuner;

import org.jspecify.annotations.NullMarked;
