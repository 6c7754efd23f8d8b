package dev.peft4j.tuner;

/**
 * A method of a builder that sets a value.
 *
 * @param <B> the builder
 * @param <V> the value
 */
@FunctionalInterface
public interface SettingSetter<B, V> {
  /** Sets it, and returns the builder. */
  B set(B builder, V value);
}
