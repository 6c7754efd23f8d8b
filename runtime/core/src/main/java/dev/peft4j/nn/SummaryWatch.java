package dev.peft4j.nn;

import dev.peft4j.data.Rng;
import dev.peft4j.data.Shape;
import dev.peft4j.graph.NodeWatch;
import dev.peft4j.tensor.Tensor;
import java.lang.reflect.InaccessibleObjectException;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.lang.reflect.Modifier;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Collections;
import java.util.IdentityHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/** A call of a model for its summary, which does not change the model. */
final class SummaryWatch {
  private static final ScopedValue<CallTrace> TRACE = ScopedValue.newInstance();

  private SummaryWatch() {}

  static ModuleSummary summary(Module model, @Nullable Supplier<?> call) {
    return summary(model, null, call);
  }

  static ModuleSummary summary(
      Module model, @Nullable OverlaySource adapted, @Nullable Supplier<?> call) {
    List<NamedModule> modules = model.namedModules();
    Map<Module, OverlaySource.View> views = new IdentityHashMap<>();
    for (NamedModule m : modules) {
      OverlaySource.View view = ModuleText.view(m.module(), adapted);
      if (view != null) {
        views.put(m.module(), view);
      }
    }
    Map<Module, Shape> outputs = call == null ? Map.of() : outputs(model, modules, views, call);
    List<ModuleSummary.Row> rows = new ArrayList<>();
    Set<Parameter> counted = Collections.newSetFromMap(new IdentityHashMap<>());
    long bytes = 0;
    for (NamedModule m : modules) {
      OverlaySource.View view = views.get(m.module());
      long all = 0;
      long trainable = 0;
      for (Parameter p : parameters(m.module(), view)) {
        if (counted.add(p)) {
          all += p.shape().elements();
          trainable += p.trainable() ? p.shape().elements() : 0;
          bytes += p.own().bytes();
        }
      }
      String type = view == null ? null : view.type();
      rows.add(
          new ModuleSummary.Row(
              m.name(),
              type == null ? m.module().typeName() : type,
              outputs.get(m.module()),
              all,
              trainable));
    }
    return new ModuleSummary(rows, bytes);
  }

  static List<Parameter> parameters(Module module, OverlaySource.@Nullable View view) {
    return view == null ? List.copyOf(module.ownParameters().values()) : view.parameters();
  }

  private static Map<Module, Shape> outputs(
      Module model,
      List<NamedModule> modules,
      Map<Module, OverlaySource.View> views,
      Supplier<?> call) {
    CallTrace trace = new CallTrace(modules, views);
    Map<Module, Boolean> training = new IdentityHashMap<>();
    Set<OverlaySource> sources = new LinkedHashSet<>();
    for (NamedModule m : modules) {
      training.put(m.module(), m.module().ownMode());
      Collections.addAll(sources, m.module().sources);
    }
    List<Runnable> restore = new ArrayList<>();
    List<Rng> generators = new ArrayList<>(model.generators().values());
    generators.add(Rng.current());
    for (Rng rng : generators) {
      long seed = rng.seed();
      long position = rng.position();
      restore.add(() -> rng.restore(seed, position));
    }
    Supplier<Object> body =
        () -> ScopedValue.where(TRACE, trace).call(() -> NodeWatch.with(trace::node, call::get));
    for (OverlaySource s : sources) {
      Supplier<Object> inner = body;
      body = () -> s.modes().evaluating(inner);
    }
    try {
      training.keySet().forEach(m -> m.ownMode(false));
      Tensor result = tensor(body.get());
      Map<Module, Shape> outputs = trace.outputs();
      if (result != null) {
        outputs.put(model, result.shape());
      }
      return outputs;
    } finally {
      training.forEach(Module::ownMode);
      restore.forEach(Runnable::run);
    }
  }

  /** Returns the result, or the first of several. */
  private static @Nullable Tensor tensor(@Nullable Object result) {
    return switch (result) {
      case Tensor t -> t;
      case Collection<?> c -> c.isEmpty() ? null : tensor(c.iterator().next());
      case null, default -> null;
    };
  }

  /** Records the result of a layer of this package. */
  static Tensor seen(Module module, Tensor result) {
    if (TRACE.isBound()) {
      TRACE.get().seen(module, result.shape());
    }
    return result;
  }

  /** Calls the method {@code forward} of a model that takes one tensor. */
  static @Nullable Object forward(Module model, Tensor example) {
    if (model instanceof Layer layer) {
      return layer.forward(example);
    }
    for (Class<?> c = model.getClass(); c != null; c = c.getSuperclass()) {
      for (Method m : c.getDeclaredMethods()) {
        Class<?>[] types = m.getParameterTypes();
        if (m.getName().equals("forward")
            && !Modifier.isStatic(m.getModifiers())
            && types.length == 1
            && types[0].isInstance(example)) {
          return invoke(m, model, example);
        }
      }
    }
    throw new IllegalStateException(
        model.typeName()
            + " has no method forward(Tensor): give summary a call of it, such as summary(() ->"
            + " model.forward(ids, mask))");
  }

  private static @Nullable Object invoke(Method m, Module model, Tensor example) {
    try {
      m.setAccessible(true);
      return m.invoke(model, example);
    } catch (InvocationTargetException e) {
      throw e.getCause() instanceof RuntimeException r
          ? r
          : new IllegalStateException(e.getCause());
    } catch (IllegalAccessException | InaccessibleObjectException e) {
      throw new IllegalStateException(
          m + " cannot be called from here: use summary(() -> model.forward(x))", e);
    }
  }
}
