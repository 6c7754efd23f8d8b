package dev.peft4j.annotation;

/** Which biases of the base model an adapter trains; peft's {@code bias}. */
public enum Bias {
  /** None: every bias stays frozen. */
  NONE("none"),
  /** Every bias of the model, of layers without an adapter too. */
  ALL("all"),
  /** The biases of the layers that carry the adapter. */
  LORA_ONLY("lora_only");

  private final String configName;

  Bias(String configName) {
    this.configName = configName;
  }

  /**
   * The word that peft writes for it in {@code adapter_config.json}.
   *
   * @return {@code none}, {@code all} or {@code lora_only}
   */
  public String configName() {
    return configName;
  }
}
