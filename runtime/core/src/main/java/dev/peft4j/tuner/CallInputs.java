package dev.peft4j.tuner;

import dev.peft4j.tensor.Tensor;
import java.util.HashMap;
import java.util.Map;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * Inputs of a call that adapters need and layers do not get, by the names that transformers has for
 * them: the tasks of its rows, {@code task_ids}, or its tokens, {@code input_ids}.
 *
 * <pre>{@code
 * Tensor y = CallInputs.with("task_ids", Tensor.of(new long[] {0, 2}), () -> model.forward(x));
 * }</pre>
 */
public final class CallInputs {
  private static final ScopedValue<Map<String, Tensor>> VALUES = ScopedValue.newInstance();

  private CallInputs() {}

  /** Runs {@code body} with an input, besides those that are given around it. */
  public static <T> T with(String name, Tensor value, Supplier<T> body) {
    Map<String, Tensor> all = new HashMap<>(VALUES.isBound() ? VALUES.get() : Map.of());
    all.put(name, value);
    return ScopedValue.where(VALUES, all).call(body::get);
  }

  /** Returns the input of that name, or null if this call has none. */
  public static @Nullable Tensor get(String name) {
    return VALUES.isBound() ? VALUES.get().get(name) : null;
  }

  /**
   * Returns the input of that name.
   *
   * @param neededBy what needs it, for the message
   * @throws IllegalStateException if this call has none
   */
  public static Tensor require(String name, String neededBy) {
    Tensor found = get(name);
    if (found == null) {
      throw new IllegalStateException(
          neededBy
              + " needs the call's "
              + name
              + ": CallInputs.with(\""
              + name
              + "\", ..., body)");
    }
    return found;
  }
}
