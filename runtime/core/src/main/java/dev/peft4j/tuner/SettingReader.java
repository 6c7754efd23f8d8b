package dev.peft4j.tuner;

import dev.peft4j.io.AdapterConfig;
import java.io.IOException;

/**
 * A function that gives a setting's value from the file to the builder.
 *
 * @param <B> the builder
 */
@FunctionalInterface
public interface SettingReader<B> {
  /**
   * Reads and sets it.
   *
   * @throws IOException if it is wrong, naming file, key and what is expected
   */
  void read(AdapterConfig file, B builder) throws IOException;
}
