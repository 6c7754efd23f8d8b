/**
 * NVIDIA's libraries for matrix products, called through {@code java.lang.foreign}: where they are,
 * their functions, and the order of their arguments. Backends of devices use it; nothing here needs
 * a device, so all of it is tested with functions of the same names that compute on the CPU.
 *
 * <p>Internal to peft4j: may change at any time.
 */
@NullMarked
package dev.peft4j.backend.cublas;

import org.jspecify.annotations.NullMarked;
