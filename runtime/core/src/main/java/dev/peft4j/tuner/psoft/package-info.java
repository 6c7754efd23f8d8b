/** PSOFT: rotations within the principal subspace of a weight. */
@NullMarked
package dev.peft4j.tuner.psoft;

import org.jspecify.annotations.NullMarked;
