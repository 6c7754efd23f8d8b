package dev.peft4j.nn;

import java.util.List;
import java.util.function.Supplier;

/**
 * Which adapters are active: chosen for a call and everything it calls by {@link #with}, else the model's default. The
 * choice for a call is bound to its thread's scope, so threads that share a model do not disturb each other.
 */
public final class AdapterSelection {
  private final ScopedValue<List<String>> scoped = ScopedValue.newInstance();
  private volatile List<String> standard = List.of();

  /** The adapters that act on a forward call made here. */
  public List<String> active() {
    return scoped.isBound() ? scoped.get() : standard;
  }

  /** The adapters that act where nothing else was chosen. */
  public List<String> standard() {
    return standard;
  }

  /** Changes the adapters that act where nothing else was chosen. */
  public void standard(List<String> names) {
    standard = List.copyOf(names);
  }

  /** Runs {@code body} with these adapters; none means the base model. */
  public <T> T with(List<String> names, Supplier<T> body) {
    return ScopedValue.where(scoped, List.copyOf(names)).call(body::get);
  }
}
