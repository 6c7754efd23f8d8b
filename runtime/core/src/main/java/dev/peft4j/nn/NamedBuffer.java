package dev.peft4j.nn;

/**
 * A buffer with its path.
 *
 * @param name path in the model, for example {@code layers.0.norm.running_mean}
 * @param buffer the buffer
 */
public record NamedBuffer(String name, Buffer buffer) {}
