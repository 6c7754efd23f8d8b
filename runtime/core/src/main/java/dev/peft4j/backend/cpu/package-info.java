/**
 * The CPU backend. Its lowest layer ({@code Memory}, {@code Blas}, {@code Loops}, {@code Workers})
 * works on plain addresses of off-heap memory and knows nothing of graphs.
 *
 * <p>Internal to peft4j: may change at any time.
 */
@NullMarked
package dev.peft4j.backend.cpu;

import org.jspecify.annotations.NullMarked;
