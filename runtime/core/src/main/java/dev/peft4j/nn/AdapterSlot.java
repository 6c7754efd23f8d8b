package dev.peft4j.nn;

import dev.peft4j.tensor.Tensor;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;

/** Where adapters are attached to a layer, by name; the layer itself knows none of them. */
public final class AdapterSlot {
  private volatile Map<String, LayerAdapter> adapters = Map.of();
  private volatile @Nullable AdapterSelection selection;

  /** The layer's result: {@code base} with the active adapters around it, one after another. */
  public Tensor apply(Tensor x, UnaryOperator<Tensor> base) {
    AdapterSelection chosen = selection;
    if (chosen == null) {
      return base.apply(x);
    }
    UnaryOperator<Tensor> layer = base;
    for (String name : chosen.active()) {
      LayerAdapter adapter = adapters.get(name);
      if (adapter != null) {
        UnaryOperator<Tensor> inner = layer;
        layer = in -> adapter.forward(in, inner);
      }
    }
    return layer.apply(x);
  }

  /** Attaches an adapter; {@code selection} decides when it acts. */
  public void attach(String name, LayerAdapter adapter, AdapterSelection selection) {
    Map<String, LayerAdapter> next = new LinkedHashMap<>(adapters);
    next.put(name, adapter);
    adapters = Collections.unmodifiableMap(next);
    this.selection = selection;
  }

  /** Removes an adapter, if it is there. */
  public void detach(String name) {
    Map<String, LayerAdapter> next = new LinkedHashMap<>(adapters);
    next.remove(name);
    adapters = Collections.unmodifiableMap(next);
    if (next.isEmpty()) {
      selection = null;
    }
  }

  /** The adapters by name, in the order they were attached. */
  public Map<String, LayerAdapter> adapters() {
    return adapters;
  }
}
