/** Benchmarks of training steps. */
@NullMarked
package dev.peft4j.samples.bench;

import org.jspecify.annotations.NullMarked;
