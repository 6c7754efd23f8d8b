package dev.peft4j.tuner;

import dev.peft4j.data.Encodings;
import dev.peft4j.data.Rng;
import dev.peft4j.data.Storage;
import dev.peft4j.nn.ModuleTensor;
import dev.peft4j.nn.NamedModule;
import dev.peft4j.nn.Parameter;
import java.util.HashMap;
import java.util.IdentityHashMap;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Objects;

/**
 * How an adapter began: where the random generator was when each layer was attached, and the
 * versions of its parameters. As long as these are the same, it can begin again from other weights
 * of the base, with the same random numbers.
 */
final class Beginning {
  private final Map<String, Rng> generators = new HashMap<>();
  private final Map<String, String> carriers = new HashMap<>();
  private final Map<Parameter, Integer> versions = new IdentityHashMap<>();

  /** A layer is attached, drawing from {@code rng}. */
  void of(String path, Rng rng) {
    generators.put(path, new Rng(rng.seed(), rng.position()));
  }

  /** A layer computes with the adapter of another one, {@code carrier}. */
  void tied(String path, String carrier) {
    carriers.put(path, carrier);
  }

  String carrierOf(String path) {
    return Objects.requireNonNull(carriers.get(path), path);
  }

  /** A parameter has its first value. */
  void made(Parameter p) {
    versions.put(p, p.variable().version());
  }

  /** Draws what was drawn for the layer. */
  Rng generator(String path) {
    Rng start = Objects.requireNonNull(generators.get(path), path);
    return new Rng(start.seed(), start.position());
  }

  /** True if no parameter has another value than at first. */
  boolean isUntouched() {
    return versions.entrySet().stream()
        .allMatch(e -> e.getKey().variable().version() == e.getValue());
  }

  /**
   * The base's weights were replaced. An adapter that nothing has changed yet becomes what it would
   * be if it were attached now; of another one only what it keeps of the base besides its
   * parameters does.
   */
  void baseChanged(AttachedAdapter a, BaseModel base) {
    boolean untouched = isUntouched();
    Map<ModuleTensor, Storage> values = new LinkedHashMap<>();
    Map<String, TunerLayer> again = new HashMap<>();
    for (NamedModule m : base.modules()) {
      TunerLayer layer = a.layers().get(m.name());
      if (layer != null) {
        Rng rng = generator(m.name());
        TunerLayer now = a.settings().attach(m.name(), AttachedAdapter.cast(m.module()), () -> rng);
        again.put(m.name(), now);
        layer.rebased(now);
        for (int i = 0; i < now.parameters().size(); i++) {
          values.put(
              layer.parameters().get(i).parameter(), now.parameters().get(i).parameter().own());
        }
      }
    }
    a.tied()
        .forEach(
            (path, layer) -> layer.rebased(Objects.requireNonNull(again.get(carrierOf(path)))));
    if (untouched) {
      a.copies()
          .forEach(
              (p, copy) -> {
                if (!a.isGiven(copy)) {
                  values.put(copy, p.own().copyAs(Encodings.FLOAT32));
                }
              });
      a.buffers().forEach((b, copy) -> values.put(copy, b.own().copy()));
      a.replace(values);
      a.ownParameters().forEach(this::made);
    }
  }
}
