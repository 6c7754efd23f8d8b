/** Polytropon: skills that tasks mix. */
@NullMarked
package dev.peft4j.tuner.poly;

import org.jspecify.annotations.NullMarked;
