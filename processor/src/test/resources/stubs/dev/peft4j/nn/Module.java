package dev.peft4j.nn;

import dev.peft4j.annotation.CheckpointName;
import dev.peft4j.annotation.OutputHead;
import dev.peft4j.target.Names;
import java.lang.reflect.Field;
import java.lang.reflect.Modifier;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** A stand-in for the runtime's. */
public abstract class Module {
  private boolean training = true;
  private boolean outputHead;

  public boolean outputHead() {
    return outputHead;
  }

  public Map<String, Module> children() {
    Map<String, Module> found = new LinkedHashMap<>();
    fields(this, "", found);
    return found;
  }

  public final Map<String, Module> namedModules() {
    Map<String, Module> all = new LinkedHashMap<>();
    collect("", this, all);
    return all;
  }

  private static void collect(String path, Module module, Map<String, Module> all) {
    all.put(path, module);
    module.children().forEach((name, child) -> collect(Names.join(path, name), child, all));
  }

  private static void fields(Object holder, String prefix, Map<String, Module> found) {
    List<Class<?>> chain = new ArrayList<>();
    for (Class<?> c = holder.getClass();
        c != Module.class && c != Object.class;
        c = c.getSuperclass()) {
      chain.add(0, c);
    }
    for (Class<?> c : chain) {
      for (Field field : c.getDeclaredFields()) {
        if (Modifier.isStatic(field.getModifiers()) || field.getType().isPrimitive()) {
          continue;
        }
        try {
          field.setAccessible(true);
          CheckpointName given = field.getAnnotation(CheckpointName.class);
          String name = given == null ? Names.toCheckpoint(field.getName()) : given.value();
          value(field.get(holder), Names.join(prefix, name), found);
          if (field.isAnnotationPresent(OutputHead.class)
              && field.get(holder) instanceof Module head) {
            head.outputHead = true;
          }
        } catch (IllegalAccessException e) {
          throw new AssertionError(e);
        }
      }
    }
  }

  private static void value(Object value, String name, Map<String, Module> found) {
    if (value instanceof Module module) {
      found.put(name, module);
    } else if (value instanceof List<?> list) {
      for (int i = 0; i < list.size(); i++) {
        value(list.get(i), name + "." + i, found);
      }
    } else if (value instanceof Map<?, ?> map) {
      map.forEach((key, v) -> value(v, name + "." + key, found));
    } else if (value instanceof Record) {
      fields(value, name, found);
    }
  }

  public List<String> namedParameters() {
    return List.of("base");
  }

  public List<String> trainableParameters() {
    return List.of("base");
  }

  public void save(Path path) {}

  public Module train() {
    training = true;
    return this;
  }

  public boolean training() {
    return training;
  }
}
