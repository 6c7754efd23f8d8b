package dev.peft4j.transformers;

import dev.peft4j.nn.LayerNorm;
import dev.peft4j.nn.Module;
import dev.peft4j.nn.RmsNorm;

/** The kind of a decoder's norms. */
public enum NormKind {
  /** x / √(mean(x²) + eps) · w. */
  RMS,
  /** The same with 1 + w, as Gemma has it. */
  RMS_PLUS_ONE,
  /** Layer normalisation with a bias. */
  LAYER,
  /** Layer normalisation without a bias. */
  LAYER_NO_BIAS;

  /** Returns a norm of rows of {@code dim} numbers, which is a {@link dev.peft4j.nn.Layer}. */
  Module create(int dim, double eps) {
    return switch (this) {
      case RMS -> new RmsNorm(dim, (float) eps);
      case RMS_PLUS_ONE -> new PlusOneRmsNorm(dim, (float) eps);
      case LAYER -> new LayerNorm(dim, (float) eps);
      case LAYER_NO_BIAS -> new LayerNorm(dim, (float) eps, false);
    };
  }
}
