/**
 * Attention as a few kernels over all heads.
 *
 * <p>Internal to peft4j: may change at any time.
 */
@NullMarked
package dev.peft4j.backend.tornado.attention;

import org.jspecify.annotations.NullMarked;
