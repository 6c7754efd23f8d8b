/**
 * The operations: one record for each op, with its shape rule, gradient and decomposition in one
 * place.
 */
@NullMarked
package dev.peft4j.op;

import org.jspecify.annotations.NullMarked;
