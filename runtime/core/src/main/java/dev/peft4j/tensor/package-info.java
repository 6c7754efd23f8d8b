/**
 * The tensor, the central class of the library: it builds graphs, checks shapes at once and
 * computes when a value is read.
 */
@NullMarked
package dev.peft4j.tensor;

import org.jspecify.annotations.NullMarked;
