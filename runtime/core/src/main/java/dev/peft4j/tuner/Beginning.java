package dev.peft4j.tuner;

import dev.peft4j.data.Rng;
import dev.peft4j.nn.Parameter;
import java.util.HashMap;
import java.util.IdentityHashMap;
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

  /** Notes that a layer is attached, drawing from {@code rng}. */
  void of(String path, Rng rng) {
    generators.put(path, new Rng(rng.seed(), rng.position()));
  }

  /** Notes that a layer computes with the adapter of another one, {@code carrier}. */
  void tied(String path, String carrier) {
    carriers.put(path, carrier);
  }

  /** Returns the path of the layer whose adapter a tied one computes with. */
  String carrierOf(String path) {
    return Objects.requireNonNull(carriers.get(path), path);
  }

  /** Notes that a parameter has its first value. */
  void made(Parameter p) {
    versions.put(p, p.variable().version());
  }

  /** Returns a generator that draws what was drawn for the layer. */
  Rng generator(String path) {
    Rng start = Objects.requireNonNull(generators.get(path), path);
    return new Rng(start.seed(), start.position());
  }

  /** Returns whether no parameter has another value than at first. */
  boolean isUntouched() {
    return versions.entrySet().stream()
        .allMatch(e -> e.getKey().variable().version() == e.getValue());
  }
}
