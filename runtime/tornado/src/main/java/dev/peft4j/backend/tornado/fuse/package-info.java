/** Kernels that are generated at run time from element-wise expressions. */
@NullMarked
package dev.peft4j.backend.tornado.fuse;

import org.jspecify.annotations.NullMarked;
