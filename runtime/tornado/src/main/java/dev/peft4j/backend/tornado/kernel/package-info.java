/**
 * What all kernels of this backend share: a kernel with its arguments, ready to become a task.
 *
 * <p>Internal to peft4j: may change at any time.
 */
@NullMarked
package dev.peft4j.backend.tornado.kernel;

import org.jspecify.annotations.NullMarked;
