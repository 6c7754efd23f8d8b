package dev.peft4j.transformers;

import java.util.Locale;

/** The loss of a sequence classifier, {@code problem_type} in a configuration. */
public enum ProblemType {
  /** Numbers: the mean squared error. */
  REGRESSION("regression"),
  /** One label per text: cross-entropy. */
  SINGLE_LABEL("single_label_classification"),
  /** Any number of labels per text: binary cross-entropy of each. */
  MULTI_LABEL("multi_label_classification");

  private final String configName;

  ProblemType(String configName) {
    this.configName = configName;
  }

  /** Returns the name in {@code config.json}. */
  public String configName() {
    return configName;
  }

  @Override
  public String toString() {
    return name().toLowerCase(Locale.ROOT);
  }
}
