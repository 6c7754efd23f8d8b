/**
 * Decompositions of matrices, for adapters that start from the base's weights and for those that
 * combine others; a backend implements them.
 */
@NullMarked
package dev.peft4j.linalg;

import org.jspecify.annotations.NullMarked;
