package dev.peft4j.tuner;

import dev.peft4j.data.Rng;
import dev.peft4j.nn.ModuleTensor;
import dev.peft4j.nn.NamedModule;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/** What the layers of one adapter share. */
final class AdapterContext {
  private final List<NamedModule> layers;
  private final Map<String, ModuleTensor> shared = new HashMap<>();
  private final Function<String, @Nullable AttachedAdapter> others;
  private final Map<Class<?>, Object> common = new HashMap<>();

  /** The context of an adapter of which no layer is made yet. */
  AdapterContext(List<NamedModule> layers) {
    this(layers, _ -> null);
  }

  /**
   * The context of an adapter beside others.
   *
   * @param others an adapter of the model by its name, or null
   */
  AdapterContext(List<NamedModule> layers, Function<String, @Nullable AttachedAdapter> others) {
    this.layers = List.copyOf(layers);
    this.others = others;
  }

  /** Returns the context for a layer that draws from {@code rng}. */
  TunerContext drawing(Rng rng) {
    return new TunerContext() {
      @Override
      public Rng rng() {
        return rng;
      }

      @Override
      public List<NamedModule> layers() {
        return layers;
      }

      @Override
      public @Nullable TunerLayer other(String adapter, String path) {
        AttachedAdapter a = others.apply(adapter);
        return a == null ? null : a.layers().get(path);
      }

      @Override
      public <T extends ModuleTensor> T shared(String name, Class<T> type, Supplier<T> first) {
        ModuleTensor there = shared.get(name);
        if (there == null) {
          there = first.get();
          shared.put(name, there);
        }
        return type.cast(there);
      }

      @Override
      public <T> T common(Class<T> type, Supplier<T> first) {
        Object there = common.get(type);
        if (there == null) {
          there = first.get();
          common.put(type, there);
        }
        return type.cast(there);
      }
    };
  }
}
