package dev.peft4j.nn;

import dev.peft4j.tensor.Tensor;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;

/**
 * What an adapted model lays over its base during a call: adapters around layers, other values for
 * parameters.
 */
public interface Overlay {
  /**
   * A layer's result.
   *
   * @param slot the layer's slot
   * @param x the layer's input
   * @param base computes the layer itself
   */
  Tensor apply(AdapterSlot slot, Tensor x, UnaryOperator<Tensor> base);

  /** The parameter whose value stands for {@code p}: a copy of it, or {@code p} itself. */
  Parameter of(Parameter p);

  /** The buffer whose value stands for {@code b}: a copy of it, or {@code b} itself. */
  default Buffer of(Buffer b) {
    return b;
  }

  /**
   * What is chosen, equal for equal choices: each draws random numbers of its own while it is
   * trained. Null if it draws from the modules' own generators.
   */
  default @Nullable Object key() {
    return null;
  }
}
