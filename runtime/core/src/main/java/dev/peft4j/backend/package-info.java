/**
 * What runs programs: the backend interface, memory planning, and the engine that ties graphs to
 * backends.
 */
@NullMarked
package dev.peft4j.backend;

import org.jspecify.annotations.NullMarked;
