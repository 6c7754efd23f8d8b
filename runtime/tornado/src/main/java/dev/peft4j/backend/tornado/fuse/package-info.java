/**
 * Kernels that are generated at run time from element-wise expressions.
 *
 * <p>Internal to peft4j: may change at any time.
 */
@NullMarked
package dev.peft4j.backend.tornado.fuse;

import org.jspecify.annotations.NullMarked;
