package dev.peft4j.op;

import dev.peft4j.graph.Node;
import org.jspecify.annotations.Nullable;

/**
 * The gradient of {@link RmsNorm} for its input. Inputs x, weight, dY; with x̂ = x / √(mean(x²) +
 * eps) and g = dY · weight: (g - x̂ · mean(g · x̂)) / √(mean(x²) + eps).
 */
public record RmsNormGrad(float eps) implements NormGrad {
  @Override
  public boolean centred() {
    return false;
  }

  @Override
  public @Nullable Node[] gradient(Node out, Node dOut) {
    throw new UnsupportedOperationException("second derivatives of rmsNorm");
  }
}
