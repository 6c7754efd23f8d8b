package dev.peft4j.tuner.shadow;

import dev.peft4j.tensor.Tensor;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/** The state of a pass, which goes from layer to layer. */
final class ShadowState {
  private static final ScopedValue<ShadowState> NOW = ScopedValue.newInstance();

  private Tensor state;

  private ShadowState(Tensor state) {
    this.state = state;
  }

  static <T> T with(Tensor first, Supplier<T> pass) {
    return ScopedValue.where(NOW, new ShadowState(first)).call(pass::get);
  }

  /** Returns that of the pass that is being made, or null. */
  static @Nullable ShadowState now() {
    return NOW.isBound() ? NOW.get() : null;
  }

  Tensor get() {
    return state;
  }

  void set(Tensor next) {
    state = next;
  }
}
