/**
 * The tensor, the face of the library: builds graphs, checks shapes at once, computes when a value
 * is read.
 */
@NullMarked
package dev.peft4j.tensor;

import org.jspecify.annotations.NullMarked;
