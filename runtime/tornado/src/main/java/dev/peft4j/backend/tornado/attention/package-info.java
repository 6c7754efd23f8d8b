/** Attention as a few kernels over all heads. */
@NullMarked
package dev.peft4j.backend.tornado.attention;

import org.jspecify.annotations.NullMarked;
