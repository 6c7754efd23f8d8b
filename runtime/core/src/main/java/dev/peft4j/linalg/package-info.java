/**
 * Decompositions of matrices, for adapters that start from the base's weights and for those that
 * are made of others. Knows no other package; a backend has them.
 */
@NullMarked
package dev.peft4j.linalg;

import org.jspecify.annotations.NullMarked;
