package dev.peft4j.spark;

import dev.peft4j.tuner.PeftConfig;
import java.io.Serializable;

/**
 * A maker of an adapter's settings, which travels to the executors, such as {@code () ->
 * LoraConfig.builder().targets("query", "value").build()}.
 */
@FunctionalInterface
public interface AdapterSettings extends Serializable {
  /** Returns the settings; the same everywhere. */
  PeftConfig get();
}
