/**
 * Constraints on what a model writes: regular expressions and JSON Schema as automata over bytes,
 * and the tokens of a vocabulary that may follow.
 */
@NullMarked
package dev.peft4j.constraint;

import org.jspecify.annotations.NullMarked;
