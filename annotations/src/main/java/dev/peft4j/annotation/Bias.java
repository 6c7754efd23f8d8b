package dev.peft4j.annotation;

/** The biases of the base model that an adapter trains; peft's {@code bias}. */
public enum Bias {
  /** No bias is trained. */
  NONE("none"),
  /** Every bias of the model, also in layers without an adapter. */
  ALL("all"),
  /** The biases of the layers that have the adapter. */
  LORA_ONLY("lora_only");

  private final String configName;

  Bias(String configName) {
    this.configName = configName;
  }

  /**
   * Returns the word that peft writes for it in {@code adapter_config.json}.
   *
   * @return {@code none}, {@code all} or {@code lora_only}
   */
  public String configName() {
    return configName;
  }
}
