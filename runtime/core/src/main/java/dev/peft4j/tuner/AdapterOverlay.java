package dev.peft4j.tuner;

import dev.peft4j.nn.AdapterSlot;
import dev.peft4j.nn.Buffer;
import dev.peft4j.nn.Overlay;
import dev.peft4j.nn.Parameter;
import dev.peft4j.tensor.Tensor;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;

/** Some adapters laid over the base, one around the other; none is the base alone. */
final class AdapterOverlay implements Overlay {
  private final List<AttachedAdapter> adapters;
  private final @Nullable MergedWeights merged;
  private final boolean ofParameters;

  /**
   * The adapters in order.
   *
   * @param merged weights that these adapters may be merged in; used if it is these and no others
   * @throws IllegalArgumentException if one is there twice, or two train a copy of the same
   *     parameter or the same rows of an embedding
   */
  AdapterOverlay(List<AttachedAdapter> adapters, MergedWeights merged) {
    this.adapters = List.copyOf(adapters);
    this.merged = merged.isOf(adapters) ? merged : null;
    checkTogether(adapters);
    this.ofParameters =
        this.merged == null && adapters.stream().anyMatch(AttachedAdapter::adaptsParameters);
    AttachedAdapter.unite(adapters);
  }

  private static void checkTogether(List<AttachedAdapter> adapters) {
    if (new LinkedHashSet<>(adapters).size() < adapters.size()) {
      throw new IllegalArgumentException(
          "an adapter is named twice: " + adapters.stream().map(AttachedAdapter::name).toList());
    }
    for (int i = 0; i < adapters.size(); i++) {
      for (AttachedAdapter other : adapters.subList(i + 1, adapters.size())) {
        String clash = clash(adapters.get(i), other);
        if (clash != null) {
          throw new IllegalArgumentException(
              "adapters '"
                  + adapters.get(i).name()
                  + "' and '"
                  + other.name()
                  + "' cannot act at the same time: "
                  + clash);
        }
      }
    }
  }

  private static @Nullable String clash(AttachedAdapter one, AttachedAdapter other) {
    for (Parameter p : one.copies().keySet()) {
      if (other.copyOf(p) != null && !sameGiven(one, other, p)) {
        return "each has a copy of '"
            + p.name()
            + "' (modules to save or biases), and only one can stand for it";
      }
    }
    for (Map.Entry<AdapterSlot, TunerLayer> e : one.slots().entrySet()) {
      TunerLayer there = other.at(e.getKey());
      String clash = there == null ? null : e.getValue().clash(there);
      if (clash != null) {
        return clash;
      }
    }
    return null;
  }

  /** Whether both files gave the same value for a parameter of the base. */
  private static boolean sameGiven(AttachedAdapter one, AttachedAdapter other, Parameter p) {
    Parameter a = one.copyOf(p);
    Parameter b = other.copyOf(p);
    return a != null
        && b != null
        && one.isGiven(a)
        && other.isGiven(b)
        && a.own().equalBytes(b.own());
  }

  /** The adapters in order. */
  List<AttachedAdapter> adapters() {
    return adapters;
  }

  @Override
  public Tensor apply(AdapterSlot slot, Tensor x, UnaryOperator<Tensor> base) {
    if (merged != null) {
      return merged.apply(slot, x, base, this);
    }
    UnaryOperator<Tensor> layer = base;
    for (AttachedAdapter a : adapters) {
      TunerLayer adapter = a.at(slot);
      if (adapter != null) {
        UnaryOperator<Tensor> inner = layer;
        layer = in -> adapter.forward(in, inner);
      }
    }
    return layer.apply(x);
  }

  @Override
  public @Nullable Object key() {
    return adapters.isEmpty() ? null : adapters;
  }

  @Override
  public Parameter of(Parameter p) {
    Parameter written = merged == null ? p : merged.of(p);
    if (written != p) {
      return written; // into the copy, where there is one: a bias that is trained and has an
      // adapter's added
    }
    for (AttachedAdapter a : adapters) {
      Parameter copy = a.copyOf(p);
      if (copy != null) {
        return copy;
      }
    }
    return p;
  }

  @Override
  public @Nullable Tensor valueOf(Parameter p) {
    if (!ofParameters) {
      return null;
    }
    Tensor value = null;
    for (AttachedAdapter a : adapters) {
      TunerLayer layer = a.at(p);
      if (layer != null) {
        value = layer.adapted(p, value == null ? of(p).ownTensor() : value);
      }
    }
    return value;
  }

  @Override
  public Buffer of(Buffer b) {
    for (AttachedAdapter a : adapters) {
      Buffer copy = a.copyOf(b);
      if (copy != null) {
        return copy;
      }
    }
    return b;
  }
}
