/**
 * Running programs: the backend interface, memory planning, and the engine that connects graphs to
 * backends.
 */
@NullMarked
package dev.peft4j.backend;

import org.jspecify.annotations.NullMarked;
