package dev.peft4j.nn;

import dev.peft4j.tensor.Tensor;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;

/**
 * The changes of an adapted model to its base during a call: adapters around layers, other values
 * for parameters.
 */
public interface Overlay {
  /**
   * Returns a layer's result.
   *
   * @param slot the layer's slot
   * @param x the layer's input
   * @param base computes the layer itself
   */
  Tensor apply(AdapterSlot slot, Tensor x, UnaryOperator<Tensor> base);

  /**
   * Returns the parameter that is used in place of {@code p}: a copy of it, or {@code p} itself.
   */
  Parameter of(Parameter p);

  /**
   * Returns what a parameter is with the adapters of it alone, which are not around a layer: those
   * of bare parameters. Null if it has none; it is then {@link #of}.
   */
  default @Nullable Tensor valueOf(Parameter p) {
    return null;
  }

  /** Returns the buffer that is used in place of {@code b}: a copy of it, or {@code b} itself. */
  default Buffer of(Buffer b) {
    return b;
  }

  /**
   * Returns a key of the chosen adapters, equal for equal choices, each of which has its own random
   * numbers in training; null to draw from the modules' own generators. Null if it draws from the
   * modules' own generators.
   */
  default @Nullable Object key() {
    return null;
  }
}
