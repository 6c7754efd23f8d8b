package dev.peft4j.nn;

import dev.peft4j.data.Shape;
import dev.peft4j.graph.Node;
import dev.peft4j.graph.Variable;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * The record of a call of a model: operations, and results of this package's layers, each with the
 * methods of modules that were running. From it follows the last result of each module, even of
 * user-defined modules, which do not report their calls: an operation belongs to the modules whose
 * methods run, and which instance of a class it is follows from the layers and parameters used just
 * before or after it.
 */
final class CallTrace {
  private static final StackWalker STACK =
      StackWalker.getInstance(Set.of(StackWalker.Option.RETAIN_CLASS_REFERENCE));

  /** A running method of a module: its class, and the position of the call in it. */
  private record Frame(Class<?> type, int place) {}

  /**
   * An operation, or the result of a layer; {@code of} is null for an operation that no layer has
   * reported.
   */
  private static final class Event {
    final List<Frame> frames;
    final Shape shape;
    @Nullable Module of;
    final boolean known;

    Event(List<Frame> frames, Shape shape, @Nullable Module of) {
      this.frames = frames;
      this.shape = shape;
      this.of = of;
      this.known = of != null;
    }
  }

  private final Map<Module, String> paths = new IdentityHashMap<>();
  private final Map<String, Module> modules = new HashMap<>();
  private final Map<Variable, Module> owners = new IdentityHashMap<>();
  private final List<Event> events = new ArrayList<>();

  CallTrace(List<NamedModule> all, Map<Module, OverlaySource.View> views) {
    for (NamedModule m : all) {
      paths.put(m.module(), m.name());
      modules.put(m.name(), m.module());
      for (Parameter p : SummaryWatch.parameters(m.module(), views.get(m.module()))) {
        owners.putIfAbsent(p.variable(), m.module());
      }
    }
  }

  void node(Node n) {
    events.add(new Event(frames(), n.shape(), owner(n, 2)));
  }

  void seen(Module module, Shape shape) {
    if (paths.containsKey(module)) {
      events.add(new Event(frames(), shape, module));
    }
  }

  /** Returns the module whose parameter an operation uses, possibly widened or reshaped. */
  private @Nullable Module owner(Node n, int depth) {
    for (Node in : n.inputs()) {
      Variable v = in.variable();
      Module m =
          v != null
              ? owners.get(v)
              : depth > 0 && in.inputs().length == 1 ? owner(in, depth - 1) : null;
      if (m != null) {
        return m;
      }
    }
    return null;
  }

  /** Returns the methods of modules that run, the outermost first. */
  private static List<Frame> frames() {
    return STACK
        .walk(
            all ->
                all.filter(f -> isOfModule(f.getDeclaringClass()))
                    .map(f -> new Frame(f.getDeclaringClass(), f.getByteCodeIndex()))
                    .toList())
        .reversed();
  }

  /** Returns whether a class is a module, but not {@link Module}, whose methods say nothing. */
  private static boolean isOfModule(Class<?> c) {
    return c != Module.class && Module.class.isAssignableFrom(c);
  }

  /** Returns the shape of each module's last result. */
  Map<Module, Shape> outputs() {
    place();
    Map<Module, Shape> outputs = new IdentityHashMap<>();
    for (Event e : events) {
      if (e.of == null) {
        continue;
      }
      if (e.known && e.frames.isEmpty()) {
        outputs.put(e.of, e.shape);
      }
      for (Module m : line(e.of)) {
        if (m == e.of && e.known || e.frames.stream().anyMatch(f -> f.type.isInstance(m))) {
          outputs.put(m, e.shape);
        }
      }
    }
    return outputs;
  }

  /** Returns a module and its ancestors, itself first. */
  private List<Module> line(Module module) {
    List<Module> line = new ArrayList<>();
    String path = paths.getOrDefault(module, "");
    while (true) {
      Module m = modules.get(path);
      if (m != null) {
        line.add(m);
      }
      if (path.isEmpty()) {
        return line;
      }
      path = path.substring(0, Math.max(0, path.lastIndexOf('.')));
    }
  }

  /** Finds the module of each operation that uses no parameter. */
  private void place() {
    for (int i = 0; i < events.size(); i++) {
      Event e = events.get(i);
      if (e.of == null && !e.frames.isEmpty()) {
        e.of = moduleOf(i);
      }
    }
  }

  private @Nullable Module moduleOf(int i) {
    Event e = events.get(i);
    int inner = e.frames.size() - 1;
    Class<?> type = e.frames.get(inner).type;
    Event before = i == 0 ? null : events.get(i - 1);
    Module last = before == null || before.of == null ? null : nearest(type, before.of);
    Module next = null;
    for (int j = i + 1; j < events.size() && next == null; j++) {
      Event after = events.get(j);
      if (after.known) {
        next = nearest(type, after.of);
        break;
      }
    }
    if (before == null || last == null || next == null || last == next) {
      Module found = last == null ? next : last;
      return found == null ? only(type) : found;
    }
    // two of a class, one after another: in a new call the method begins again
    boolean goesOn =
        before.frames.size() > inner
            && before.frames.subList(0, inner).equals(e.frames.subList(0, inner))
            && before.frames.get(inner).type == type
            && before.frames.get(inner).place <= e.frames.get(inner).place;
    return goesOn ? last : next;
  }

  /** Returns the innermost instance of a class among a module and its ancestors. */
  private @Nullable Module nearest(Class<?> type, @Nullable Module from) {
    if (from != null) {
      for (Module m : line(from)) {
        if (type.isInstance(m)) {
          return m;
        }
      }
    }
    return null;
  }

  private @Nullable Module only(Class<?> type) {
    Module found = null;
    for (Module m : paths.keySet()) {
      if (type.isInstance(m)) {
        if (found != null) {
          return null;
        }
        found = m;
      }
    }
    return found;
  }
}
