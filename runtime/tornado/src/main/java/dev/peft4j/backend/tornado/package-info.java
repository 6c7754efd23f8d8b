/**
 * The TornadoVM backend: programs as task graphs on whatever device the installed TornadoVM drives.
 * Kernels are in packages of their own: {@code product} for matrix products, {@code fuse} for those
 * generated from element-wise expressions, {@code kernel} for the others.
 *
 * <p>Internal to peft4j: may change at any time.
 */
@NullMarked
package dev.peft4j.backend.tornado;

import org.jspecify.annotations.NullMarked;
