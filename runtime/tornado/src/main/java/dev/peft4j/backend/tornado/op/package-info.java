/**
 * Kernels written by hand, one file a family, each with the calls that run it.
 *
 * <p>Internal to peft4j: may change at any time.
 */
@NullMarked
package dev.peft4j.backend.tornado.op;

import org.jspecify.annotations.NullMarked;
