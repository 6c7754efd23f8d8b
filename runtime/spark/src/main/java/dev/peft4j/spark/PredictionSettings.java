package dev.peft4j.spark;

import java.io.Serializable;

/**
 * Settings of {@link AdaptedModels}.
 *
 * @param batch the number of texts that are computed together
 * @param maxLength tokens of a text at most, what is longer is cut; 0 for the model's limit
 * @param maxNewTokens tokens of a generated text at most; 0 for what the model's folder says
 */
public record PredictionSettings(int batch, int maxLength, int maxNewTokens)
    implements Serializable {
  private static final long serialVersionUID = 1L;

  /** 32 texts, the model's limits. */
  public static final PredictionSettings DEFAULT = new PredictionSettings(32, 0, 0);

  /**
   * Creates settings.
   *
   * @throws IllegalArgumentException naming the one that is wrong
   */
  public PredictionSettings {
    require("batch", batch, 1);
    require("maxLength", maxLength, 0);
    require("maxNewTokens", maxNewTokens, 0);
  }

  private static void require(String what, int value, int least) {
    if (value < least) {
      throw new IllegalArgumentException(
          "prediction settings: " + what + " is " + value + ", must be at least " + least);
    }
  }

  /** Returns these with another number of texts that are computed together. */
  public PredictionSettings batch(int texts) {
    return new PredictionSettings(texts, maxLength, maxNewTokens);
  }

  /** Returns these with another limit of a text's tokens. */
  public PredictionSettings maxLength(int tokens) {
    return new PredictionSettings(batch, tokens, maxNewTokens);
  }

  /** Returns these with another limit of a generated text's tokens. */
  public PredictionSettings maxNewTokens(int tokens) {
    return new PredictionSettings(batch, maxLength, tokens);
  }
}
