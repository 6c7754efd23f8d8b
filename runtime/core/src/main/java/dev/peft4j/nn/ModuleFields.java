package dev.peft4j.nn;

import dev.peft4j.annotation.CheckpointName;
import dev.peft4j.annotation.OutputHead;
import dev.peft4j.data.Rng;
import dev.peft4j.target.Names;
import java.lang.invoke.MethodHandle;
import java.lang.invoke.MethodHandles;
import java.lang.reflect.Field;
import java.lang.reflect.InaccessibleObjectException;
import java.lang.reflect.Modifier;
import java.lang.reflect.ParameterizedType;
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.BiConsumer;
import org.jspecify.annotations.Nullable;

/**
 * Access to the modules, parameters, buffers and random generators in a module's fields, superclass
 * first, in declaration order. The fields of a class are looked up once; afterwards they are read
 * through method handles.
 */
final class ModuleFields {
  private static final ClassValue<List<Slot>> SLOTS =
      new ClassValue<>() {
        @Override
        protected List<Slot> computeValue(Class<?> type) {
          return find(type);
        }
      };

  private record Slot(String name, MethodHandle getter, boolean outputHead) {
    /** Returns the name, which the class of the value may say. */
    String name(Object value) {
      if (!name.equals(CheckpointName.OF_CLASS)) {
        return name;
      }
      CheckpointName given = value.getClass().getAnnotation(CheckpointName.class);
      if (given == null) {
        throw new IllegalStateException(
            value.getClass().getName()
                + " has no @CheckpointName, from which a field that holds it takes its name");
      }
      return given.value();
    }
  }

  private ModuleFields() {}

  /**
   * Calls {@code visitor} with the checkpoint name and the value of each module, parameter, buffer
   * and generator that {@code owner} holds.
   */
  static void visit(Object owner, BiConsumer<String, Object> visitor) {
    for (Slot slot : SLOTS.get(owner.getClass())) {
      Object value;
      try {
        value = slot.getter.invoke(owner);
      } catch (Throwable e) {
        throw new IllegalStateException(
            "cannot read field '" + slot.name + "' of " + owner.getClass().getName(), e);
      }
      if (value != null) {
        visitValue(slot.name(value), value, visitor);
      }
    }
  }

  /** Returns the names of the fields of {@code type} that are marked as output heads. */
  static Set<String> outputHeads(Class<?> type) {
    Set<String> heads = new LinkedHashSet<>();
    for (Slot slot : SLOTS.get(type)) {
      if (slot.outputHead) {
        heads.add(slot.name);
      }
    }
    return heads;
  }

  private static void visitValue(String name, Object value, BiConsumer<String, Object> visitor) {
    switch (value) {
      case Module m -> visitor.accept(name, m);
      case ModuleTensor t -> visitor.accept(name, t);
      case Rng rng -> visitor.accept(name, rng);
      case List<?> list -> {
        int i = 0;
        for (Object element : list) {
          visitElement(Names.join(name, Integer.toString(i++)), element, visitor);
        }
      }
      case Map<?, ?> map ->
          map.forEach((k, v) -> visitElement(Names.join(name, String.valueOf(k)), v, visitor));
      case Record r -> visit(r, (inner, v) -> visitor.accept(Names.join(name, inner), v));
      default -> {}
    }
  }

  private static void visitElement(
      String name, @Nullable Object element, BiConsumer<String, Object> visitor) {
    if (element != null) {
      visitValue(name, element, visitor);
    }
  }

  private static List<Slot> find(Class<?> type) {
    List<Class<?>> line = new ArrayList<>();
    for (Class<?> c = type;
        c != null && c != Module.class && c != Object.class && c != Record.class; ) {
      line.addFirst(c);
      c = c.getSuperclass();
    }
    List<Slot> slots = new ArrayList<>();
    for (Class<?> c : line) {
      for (Field f : c.getDeclaredFields()) {
        if (Modifier.isStatic(f.getModifiers()) || f.isSynthetic()) {
          continue;
        }
        requireSearchable(c, f);
        if (mayHold(f.getType())) {
          CheckpointName given = f.getAnnotation(CheckpointName.class);
          slots.add(
              new Slot(
                  given == null ? Names.toCheckpoint(f.getName()) : given.value(),
                  getter(c, f),
                  f.isAnnotationPresent(OutputHead.class)));
        }
      }
    }
    return List.copyOf(slots);
  }

  /** Throws for a field with modules that would silently not be part of the model. */
  private static void requireSearchable(Class<?> owner, Field f) {
    Class<?> element = element(f);
    if (!Modifier.isTransient(f.getModifiers())
        && element != null
        && (Module.class.isAssignableFrom(element)
            || ModuleTensor.class.isAssignableFrom(element))) {
      throw new IllegalStateException(
          "field '"
              + f.getName()
              + "' of "
              + owner.getName()
              + " holds modules in a "
              + f.getType().getSimpleName()
              + ", where they are not found; use a List or a Map, or make the field transient if"
              + " they are not part of the model");
    }
  }

  /**
   * Returns the declared element type of an array, or of a container of {@code java.util} that is
   * not searched.
   */
  private static @Nullable Class<?> element(Field f) {
    Class<?> type = f.getType();
    if (type.isArray()) {
      return type.componentType();
    }
    boolean searched = List.class.isAssignableFrom(type) || type.isAssignableFrom(List.class);
    return !searched
            && type.getName().startsWith("java.util.")
            && f.getGenericType() instanceof ParameterizedType p
            && p.getActualTypeArguments().length == 1
            && p.getActualTypeArguments()[0] instanceof Class<?> held
        ? held
        : null;
  }

  private static boolean mayHold(Class<?> t) {
    return Module.class.isAssignableFrom(t)
        || ModuleTensor.class.isAssignableFrom(t)
        || t == Rng.class
        || Collection.class.isAssignableFrom(t)
        || Map.class.isAssignableFrom(t)
        || t.isRecord()
        || t.isInterface() && !t.getName().startsWith("java.")
        || t == Object.class;
  }

  private static MethodHandle getter(Class<?> owner, Field f) {
    try {
      f.setAccessible(true);
      return MethodHandles.lookup()
          .unreflectGetter(f)
          .asType(java.lang.invoke.MethodType.methodType(Object.class, Object.class));
    } catch (InaccessibleObjectException | IllegalAccessException e) {
      throw new IllegalStateException(
          "cannot see field '"
              + f.getName()
              + "' of "
              + owner.getName()
              + " in module "
              + owner.getModule().getName()
              + "; add 'opens "
              + owner.getPackageName()
              + ";' to its module-info.java",
          e);
    }
  }
}
