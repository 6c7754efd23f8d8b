package dev.peft4j.tuner;

import dev.peft4j.data.Encodings;
import dev.peft4j.data.NonFiniteException;
import dev.peft4j.data.Storage;
import dev.peft4j.graph.VariableGroup;
import dev.peft4j.nn.AdapterSlot;
import dev.peft4j.nn.ModuleTensor;
import dev.peft4j.nn.Overlay;
import dev.peft4j.nn.OverlaySource;
import dev.peft4j.nn.Overlays;
import dev.peft4j.nn.Parameter;
import dev.peft4j.tensor.Tensor;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;

/**
 * Base weights with adapters written into them, in order. They stand for the base's weights while
 * exactly these adapters act; the base itself keeps its own, so that taking a merge back needs no
 * arithmetic, and whoever shares the base notices nothing.
 *
 * <p>They are kept for each layer: two layers that share a weight need not be adapted alike.
 */
final class MergedWeights {
  private final OverlaySource owner;
  private final FrozenBase base;
  private final List<AttachedAdapter> adapters;
  private final Map<AdapterSlot, Map<Parameter, Parameter>> bySlot;
  private final Map<Parameter, Parameter> common;
  private final Set<Parameter> everywhere = new HashSet<>();

  private MergedWeights(
      OverlaySource owner,
      FrozenBase base,
      List<AttachedAdapter> adapters,
      Map<AdapterSlot, Map<Parameter, Parameter>> bySlot) {
    this.owner = owner;
    this.base = base;
    this.adapters = List.copyOf(adapters);
    this.bySlot = bySlot;
    for (AttachedAdapter a : adapters) {
      a.layers().values().forEach(layer -> everywhere.addAll(layer.adaptedParameters()));
    }
    this.common = common(base, bySlot, everywhere);
  }

  /** Nothing is merged. */
  static MergedWeights none(OverlaySource owner, FrozenBase base) {
    return new MergedWeights(owner, base, List.of(), Map.of());
  }

  /** Returns these without any adapter. */
  MergedWeights none() {
    return none(owner, base);
  }

  /** Merges adapters, one after the other, into the base alone. */
  MergedWeights only(List<AttachedAdapter> adapters) {
    return VariableGroup.pinned(
        () -> {
          MergedWeights all = none();
          for (AttachedAdapter a : adapters) {
            all = all.plus(a);
          }
          return all;
        });
  }

  /**
   * Merges one more adapter.
   *
   * @throws NonFiniteException if a merged weight would not be finite
   */
  MergedWeights plus(AttachedAdapter a) {
    return VariableGroup.pinned(() -> with(a)); // of one moment, though others may train meanwhile
  }

  private MergedWeights with(AttachedAdapter a) {
    Map<AdapterSlot, Map<Parameter, Parameter>> next = new LinkedHashMap<>(bySlot);
    a.slots()
        .forEach(
            (slot, layer) -> {
              Map<Parameter, Parameter> before = bySlot.getOrDefault(slot, Map.of());
              Map<Parameter, Parameter> after = new LinkedHashMap<>(before);
              Overlays.with(
                  owner,
                  new Values(before, a),
                  () -> {
                    layer
                        .merged()
                        .forEach((p, value) -> after.put(p, frozen(a, p, value.storage())));
                    return true;
                  });
              next.put(slot, after);
            });
    List<AttachedAdapter> more = new ArrayList<>(adapters);
    more.add(a);
    return new MergedWeights(owner, base, more, next);
  }

  private static void requireFinite(AttachedAdapter a, Parameter p, Storage value) {
    for (long i = 0; i < value.elements(); i++) {
      if (!Float.isFinite(value.floatAt(i))) {
        throw new NonFiniteException(
            "merging adapter '"
                + a.name()
                + "' would put "
                + value.floatAt(i)
                + " into '"
                + p.name()
                + "'; nothing was changed");
      }
    }
  }

  private static Parameter frozen(AttachedAdapter a, Parameter p, Storage value) {
    requireFinite(a, p, value);
    Parameter merged = new Parameter(value, p.shape());
    merged.freeze();
    merged.variable().rename(p.name());
    return merged;
  }

  /**
   * Weights that every layer which has them sees alike: they can stand for the base's wherever
   * those are read.
   */
  private static Map<Parameter, Parameter> common(
      FrozenBase base,
      Map<AdapterSlot, Map<Parameter, Parameter>> bySlot,
      Set<Parameter> everywhere) {
    Map<Parameter, Parameter> common = new HashMap<>();
    bySlot
        .values()
        .forEach(
            m ->
                m.forEach(
                    (p, merged) -> {
                      if (base.holders(p) == 1 || everywhere.contains(p)) {
                        common.put(p, merged);
                      }
                    }));
    return common;
  }

  List<AttachedAdapter> adapters() {
    return adapters;
  }

  boolean isOf(List<AttachedAdapter> others) {
    return !adapters.isEmpty() && Set.copyOf(adapters).equals(Set.copyOf(others));
  }

  /** A layer's result with its merged weights. */
  Tensor apply(AdapterSlot slot, Tensor x, UnaryOperator<Tensor> layer, Overlay acting) {
    Map<Parameter, Parameter> here = bySlot.getOrDefault(slot, Map.of());
    if (common.keySet().containsAll(here.keySet())) {
      return layer.apply(x);
    }
    return Overlays.with(owner, new InLayer(here, acting), () -> layer.apply(x));
  }

  Parameter of(Parameter p) {
    return common.getOrDefault(p, p);
  }

  /**
   * The values by base parameter, to be written into the base for good.
   *
   * @throws IllegalStateException if layers share a weight that this would change in one of them
   *     only
   */
  Map<ModuleTensor, Storage> forBase() {
    Map<ModuleTensor, Storage> values = values();
    values.keySet().forEach(ModuleTensor::requireMergeable);
    return values;
  }

  /** The same values for a base that will hold them in another encoding. */
  Map<ModuleTensor, Storage> values() {
    Map<ModuleTensor, Storage> values = new LinkedHashMap<>(summed());
    Set<ModuleTensor> done = Set.copyOf(values.keySet());
    bySlot
        .values()
        .forEach(
            m ->
                m.forEach(
                    (p, merged) -> {
                      if (done.contains(p)) {
                        return;
                      }
                      Storage before = values.putIfAbsent(p, merged.own());
                      if (before != null && !before.equalBytes(merged.own())
                          || !everywhere.contains(p) && changedBy(p) < base.holders(p)) {
                        throw new IllegalStateException(
                            "'"
                                + p.name()
                                + "' is shared by "
                                + base.holders(p)
                                + " modules, and adapters "
                                + names()
                                + " do not change it for all of them alike: one tensor cannot hold"
                                + " both; let the modules share the adapter (ensureWeightTying),"
                                + " use merge(), which keeps them apart, or give the modules a"
                                + " weight each");
                      }
                    }));
    adapters.forEach(
        a -> {
          a.copies()
              .forEach(
                  (p, copy) -> {
                    requireFinite(a, p, copy.own());
                    values.putIfAbsent(p, copy.own());
                  });
          a.buffers().forEach((b, copy) -> values.putIfAbsent(b, copy.own()));
        });
    return values;
  }

  /**
   * The weights that several layers share and that get what the adapters of all of them add, if the
   * settings want that.
   */
  private Map<ModuleTensor, Storage> summed() {
    Map<ModuleTensor, Storage> sums = new LinkedHashMap<>();
    if (adapters.isEmpty() || !adapters.stream().allMatch(MergedWeights::addsUp)) {
      return sums;
    }
    for (Map<Parameter, Parameter> slot : bySlot.values()) {
      slot.forEach(
          (p, merged) -> {
            if (base.holders(p) > 1) {
              Storage before = sums.get(p);
              Tensor own = Tensor.of(p.own().copyAs(Encodings.FLOAT32), p.shape());
              Tensor here = Tensor.of(merged.own(), p.shape());
              sums.put(
                  p,
                  before == null
                      ? merged.own()
                      : Tensor.of(before, p.shape()).add(here.sub(own)).storage());
            }
          });
    }
    return sums;
  }

  private static boolean addsUp(AttachedAdapter a) {
    return a.settings().addsUpInShared()
        || a.layers().values().stream().anyMatch(TunerLayer::isTwin);
  }

  /** The number of layers that the adapters change a parameter in. */
  private long changedBy(Parameter p) {
    return bySlot.values().stream().filter(m -> m.containsKey(p)).count();
  }

  List<String> names() {
    return adapters.stream().map(AttachedAdapter::name).toList();
  }

  /** While a merge is computed: what was merged before, and the adapter's own copies. */
  private record Values(Map<Parameter, Parameter> merged, AttachedAdapter adapter)
      implements Overlay {
    @Override
    public Tensor apply(AdapterSlot slot, Tensor x, UnaryOperator<Tensor> base) {
      return base.apply(x);
    }

    @Override
    public Parameter of(Parameter p) {
      Parameter before = merged.get(p);
      Parameter copy = adapter.copyOf(p);
      return before != null ? before : copy != null ? copy : p;
    }
  }

  /** Inside one layer that shares a weight with others. */
  private record InLayer(Map<Parameter, Parameter> merged, Overlay acting) implements Overlay {
    @Override
    public @Nullable Object key() {
      return acting.key();
    }

    @Override
    public Tensor apply(AdapterSlot slot, Tensor x, UnaryOperator<Tensor> base) {
      return base.apply(x);
    }

    @Override
    public Parameter of(Parameter p) {
      Parameter here = merged.get(p);
      return here == null ? acting.of(p) : here;
    }
  }
}
