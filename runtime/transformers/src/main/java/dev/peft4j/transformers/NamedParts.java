package dev.peft4j.transformers;

import dev.peft4j.nn.Dropout;
import dev.peft4j.nn.Layer;
import dev.peft4j.nn.Module;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.SequencedMap;

/** A module whose parts have the names that its family gives them, instead of those of fields. */
abstract class NamedParts extends Module {
  private final SequencedMap<String, Module> parts = new LinkedHashMap<>();

  /** Adds a part; parts come in the order in which they are added. */
  final <M extends Module> M part(String name, M module) {
    parts.put(name, module);
    return module;
  }

  /** Adds a norm. */
  final Layer norm(String name, NormKind kind, int dim, double eps) {
    return (Layer) part(name, kind.create(dim, eps));
  }

  /** Adds a dropout; one that never drops anything is no part. */
  final Dropout dropout(double p) {
    Dropout dropout = new Dropout(p);
    return p > 0 ? part("dropout", dropout) : dropout;
  }

  /** Replaces the parts whose names are this and a number, where they stand. */
  final void replaceParts(String prefix, List<? extends Module> by) {
    SequencedMap<String, Module> before = new LinkedHashMap<>(parts);
    parts.clear();
    before.forEach(
        (name, module) -> {
          if (!name.startsWith(prefix)) {
            parts.put(name, module);
          } else if (name.equals(prefix + 0)) {
            for (int i = 0; i < by.size(); i++) {
              parts.put(prefix + i, by.get(i));
            }
          }
        });
  }

  /** Moves the parts of these names to the front, in this order. */
  final void order(List<String> names) {
    for (String name : names.reversed()) {
      Module part = parts.remove(name);
      if (part != null) {
        parts.putFirst(name, part);
      }
    }
  }

  @Override
  public final SequencedMap<String, Module> children() {
    return new LinkedHashMap<>(parts);
  }
}
