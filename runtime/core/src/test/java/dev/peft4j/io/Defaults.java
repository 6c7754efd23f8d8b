package dev.peft4j.io;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.peft4j.tuner.lora.LoraConfig;

/** What peft writes for settings at their defaults. */
final class Defaults {
  private Defaults() {}

  /** Returns all keys of a LoRA configuration, as a new tree. */
  static ObjectNode lora() {
    return PeftFormat.resource(LoraConfig.class, "config_defaults.json");
  }
}
