package dev.peft4j.langchain4j;

import dev.peft4j.nn.Module;
import dev.peft4j.tuner.AdapterSet;
import java.util.List;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/** The adapter that acts around calls of a model. */
record Acting(@Nullable AdapterSet set, @Nullable String name) {
  <T> T call(Supplier<T> body) {
    AdapterSet adapters = set;
    String named = name;
    if (adapters == null) {
      return body.get();
    }
    return adapters.evaluating(
        () -> named == null ? adapters.call(body) : adapters.with(List.of(named), body));
  }

  /** What a builder knows of it. */
  static final class Builder {
    @Nullable AdapterSet set;
    @Nullable String name;

    Acting of(Module model) {
      AdapterSet adapters = set;
      if (name != null && (adapters == null || !adapters.names().contains(name))) {
        throw new IllegalArgumentException(
            "adapter is '"
                + name
                + "', expected one of "
                + (adapters == null ? "the adapters that adapters(...) gives" : adapters.names()));
      }
      if (adapters == null) {
        model.eval();
      }
      return new Acting(adapters, name);
    }
  }
}
