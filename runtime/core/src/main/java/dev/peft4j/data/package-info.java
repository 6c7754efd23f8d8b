/** The ground floor: shapes, element types, off-heap memory and random numbers. */
@NullMarked
package dev.peft4j.data;

import org.jspecify.annotations.NullMarked;
