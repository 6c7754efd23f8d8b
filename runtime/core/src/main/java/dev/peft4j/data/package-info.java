/**
 * Shapes, element types, encodings, off-heap memory and random numbers; depends on no other
 * package.
 */
@NullMarked
package dev.peft4j.data;

import org.jspecify.annotations.NullMarked;
