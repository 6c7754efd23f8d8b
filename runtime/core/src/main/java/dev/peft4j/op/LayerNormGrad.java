package dev.peft4j.op;

import dev.peft4j.graph.Node;
import org.jspecify.annotations.Nullable;

/**
 * The gradient of {@link LayerNorm} for its input. Inputs x, weight, dY; with x̂ the normalised
 * input and g = dY · weight: (g - mean(g) - x̂ · mean(g · x̂)) / √(variance + eps).
 */
public record LayerNormGrad(float eps) implements NormGrad {
  @Override
  public boolean centred() {
    return true;
  }

  @Override
  public @Nullable Node[] gradient(Node out, Node dOut) {
    throw new UnsupportedOperationException("second derivatives of layerNorm");
  }
}
