package dev.peft4j.tuner;

/**
 * A method of a builder that sets the value of one pattern.
 *
 * @param <B> the builder
 * @param <V> the value
 */
@FunctionalInterface
public interface EntrySetter<B, V> {
  /** Sets it in the builder, and returns that. */
  B set(B builder, String key, V value);
}
