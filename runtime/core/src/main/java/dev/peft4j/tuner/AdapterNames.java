package dev.peft4j.tuner;

import dev.peft4j.nn.Buffer;
import dev.peft4j.nn.Module;
import dev.peft4j.nn.NamedBuffer;
import dev.peft4j.nn.Parameter;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Collections;
import java.util.IdentityHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** The parameters of an adapted model under peft's names, in peft's order. */
final class AdapterNames {
  /**
   * One parameter.
   *
   * @param name in memory, as peft's {@code named_parameters} has it
   * @param adapter the adapter that it belongs to, or null for the base
   * @param key its name in that adapter's file, or null for the base
   */
  record Named(String name, Parameter parameter, @Nullable String adapter, @Nullable String key) {
    /** True if it stands for a parameter of the base under the same name: a bias. */
    boolean ofBase() {
      return name.equals(key);
    }
  }

  private final Collection<AttachedAdapter> adapters;
  private final String prefix;
  private final List<Named> found = new ArrayList<>();
  private final Set<Module> seenModules = Collections.newSetFromMap(new IdentityHashMap<>());
  private final Set<Parameter> seen = Collections.newSetFromMap(new IdentityHashMap<>());

  private AdapterNames(Collection<AttachedAdapter> adapters) {
    this.adapters = adapters;
    this.prefix = prefix(adapters);
  }

  static List<Named> of(Module root, Collection<AttachedAdapter> adapters) {
    AdapterNames names = new AdapterNames(adapters);
    names.walk("", "", root);
    adapters.forEach(names::ofSlots);
    return names.found;
  }

  /** What names of the base begin with; the adapters of one model are of one type. */
  private static String prefix(Collection<AttachedAdapter> adapters) {
    return adapters.stream().findFirst().map(a -> a.tuner().basePrefix()).orElse("");
  }

  /** Adds the parameters in slots of the whole model, which no module has. */
  private void ofSlots(AttachedAdapter a) {
    a.layers()
        .forEach(
            (path, layer) -> {
              for (TunerLayer.Entry e : layer.parameters()) {
                if (seen.add(e.parameter())) {
                  add(path, layer, e, a);
                }
              }
            });
  }

  private void add(String path, TunerLayer layer, TunerLayer.Entry e, AttachedAdapter a) {
    String called = PeftNames.inMemory(path, layer, e, a.name());
    String key = e.saved() ? PeftNames.key(path, layer, e) : null;
    found.add(new Named(called, e.parameter(), a.name(), key));
  }

  /**
   * One buffer.
   *
   * @param name in memory, as peft's {@code named_buffers} has it
   * @param adapter the adapter that it belongs to, or null for the base
   * @param key its name in that adapter's file, or null for the base
   */
  record NamedState(String name, Buffer buffer, @Nullable String adapter, @Nullable String key) {}

  /** The buffers under peft's names. */
  static List<NamedState> buffers(FrozenBase base, Collection<AttachedAdapter> adapters) {
    List<NamedState> found = new ArrayList<>();
    String prefix = prefix(adapters);
    Set<Buffer> seen = Collections.newSetFromMap(new IdentityHashMap<>());
    for (NamedBuffer b : base.buffers()) {
      if (!seen.add(b.buffer())) {
        continue;
      }
      String above = savedAbove(b.name(), adapters);
      String below = above == null ? "" : b.name().substring(above.length() + 1);
      String name = above == null ? b.name() : join(above, "original_module." + below);
      found.add(new NamedState(adapters.isEmpty() ? name : prefix + name, b.buffer(), null, null));
      for (AttachedAdapter a : adapters) {
        Buffer copy = a.copyOf(b.buffer());
        if (copy != null && above != null) {
          found.add(
              new NamedState(
                  PeftNames.saved(prefix, above, a.name(), below),
                  copy,
                  a.name(),
                  prefix + b.name()));
        }
      }
    }
    for (AttachedAdapter a : adapters) {
      a.layers()
          .forEach(
              (path, layer) -> {
                for (TunerLayer.Constant c : layer.constants()) {
                  if (!c.shared() || seen.add(c.buffer())) {
                    String called = PeftNames.inMemory(path, c, a.name());
                    String key = PeftNames.key(path, c);
                    found.add(new NamedState(called, c.buffer(), a.name(), key));
                  }
                }
              });
    }
    return found;
  }

  private static @Nullable String savedAbove(String name, Collection<AttachedAdapter> adapters) {
    for (int dot = name.indexOf('.'); dot >= 0; dot = name.indexOf('.', dot + 1)) {
      String above = name.substring(0, dot);
      if (adapters.stream().anyMatch(a -> a.saved().containsKey(above))) {
        return above;
      }
    }
    return null;
  }

  /**
   * Adds what a module and those below it have.
   *
   * @param called the path in peft's names, which is longer below an adapted module
   */
  private void walk(String path, String called, Module module) {
    if (!seenModules.add(module)) {
      return;
    }
    if (adapters.stream().anyMatch(a -> a.saved().containsKey(path))) {
      savedModule(path, module);
      return;
    }
    List<AttachedAdapter> here =
        adapters.stream().filter(a -> a.layers().containsKey(path)).toList();
    TunerLayer first = here.isEmpty() ? null : here.getFirst().layer(path);
    String own = join(called, first == null ? "" : first.baseName());
    own(module, own, false);
    own(module, own, true);
    boolean aroundChildren = first != null && first.isAroundChildren();
    if (first != null && aroundChildren) {
      children(path, own, module, first.adaptedChildren());
    }
    Set<String> groups = new LinkedHashSet<>();
    for (AttachedAdapter a : here) {
      a.layer(path).parameters().forEach(e -> groups.add(e.group()));
    }
    for (String group : groups) {
      for (AttachedAdapter a : here) {
        for (TunerLayer.Entry e : a.layer(path).parameters()) {
          if (e.group().equals(group) && seen.add(e.parameter())) {
            add(path, a.layer(path), e, a);
          }
        }
      }
    }
    if (!aroundChildren) {
      children(path, join(called, first == null ? "" : first.childPrefix()), module, Set.of());
    }
  }

  private void children(String path, String called, Module module, Set<String> adapted) {
    module
        .children()
        .forEach(
            (name, child) -> {
              String below = join(called, name);
              walk(join(path, name), adapted.contains(name) ? below + ".base_layer" : below, child);
            });
  }

  /**
   * Adds a module's own parameters. peft takes those that it adapts by themselves off the module
   * during a call and puts them back behind the others.
   */
  private void own(Module module, String called, boolean adapted) {
    module
        .ownParameters()
        .forEach(
            (name, p) -> {
              if (adapters.stream().anyMatch(a -> a.at(p) != null) == adapted) {
                base(join(called, name), p);
              }
            });
  }

  private void base(String name, Parameter p) {
    if (!seen.add(p)) {
      return;
    }
    // peft trains biases in place; here a copy stands for the bias, under the same name
    for (AttachedAdapter a : adapters) {
      Parameter copy = a.copyOf(p);
      if (copy != null) {
        found.add(new Named(prefix + name, copy, a.name(), prefix + name));
        return;
      }
    }
    // without adapters it is the base model again, under its own names
    found.add(new Named(adapters.isEmpty() ? name : prefix + name, p, null, null));
  }

  private void savedModule(String path, Module module) {
    module
        .namedParameters()
        .forEach(
            p -> {
              if (seen.add(p.parameter())) {
                found.add(
                    new Named(
                        prefix + path + ".original_module." + p.name(), p.parameter(), null, null));
              }
            });
    for (AttachedAdapter a : adapters) {
      if (a.saved().containsKey(path)) {
        module
            .namedParameters()
            .forEach(
                p -> {
                  Parameter copy = a.copyOf(p.parameter());
                  if (copy != null) {
                    found.add(
                        new Named(
                            PeftNames.saved(prefix, path, a.name(), p.name()),
                            copy,
                            a.name(),
                            prefix + path + "." + p.name()));
                  }
                });
      }
    }
  }

  private static String join(String a, String b) {
    return a.isEmpty() ? b : b.isEmpty() ? a : a + "." + b;
  }
}
