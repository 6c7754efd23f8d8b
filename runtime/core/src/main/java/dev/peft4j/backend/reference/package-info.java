/**
 * The specification of every op: plain loops over arrays, one kernel a primitive, sums in double
 * precision rounded once. Other backends are tested against it.
 *
 * <p>Internal to peft4j: may change at any time.
 */
@NullMarked
package dev.peft4j.backend.reference;

import org.jspecify.annotations.NullMarked;
