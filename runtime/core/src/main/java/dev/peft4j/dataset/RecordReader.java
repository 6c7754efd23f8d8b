package dev.peft4j.dataset;

import com.fasterxml.jackson.annotation.JsonProperty;
import dev.peft4j.target.Names;
import java.lang.annotation.Annotation;
import java.lang.reflect.AnnotatedElement;
import java.lang.reflect.Constructor;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.ParameterizedType;
import java.lang.reflect.RecordComponent;
import java.lang.reflect.Type;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.function.Function;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** A reader of rows as records: the value of each component is in the column of its name. */
final class RecordReader<T> implements Function<Row, T> {
  /** A component and its column. */
  private record Part(
      String name, boolean renamed, Type type, boolean optional, boolean nullable) {}

  private final Constructor<T> constructor;
  private final Part[] parts;

  /**
   * Creates a reader of a record.
   *
   * @param columns the columns of components whose names differ
   * @throws IllegalArgumentException if the type is not a record, or has no such components
   */
  RecordReader(Class<T> type, Map<String, String> columns) {
    RecordComponent[] components = type.getRecordComponents();
    if (components == null) {
      throw new IllegalArgumentException(
          type.getName()
              + " is not a record; give a function instead, such as row -> new "
              + type.getSimpleName()
              + "(row.text(\"text\"), row.text(\"label\"))");
    }
    parts = new Part[components.length];
    Class<?>[] types = new Class<?>[components.length];
    for (int i = 0; i < components.length; i++) {
      types[i] = components[i].getType();
      parts[i] = part(components[i], columns);
    }
    for (String asked : columns.keySet()) {
      if (Stream.of(components).noneMatch(c -> c.getName().equals(asked))) {
        throw new IllegalArgumentException(
            type.getSimpleName()
                + " has no component \""
                + asked
                + "\"; it has "
                + Stream.of(components).map(RecordComponent::getName).toList());
      }
    }
    try {
      constructor = type.getDeclaredConstructor(types);
      constructor.setAccessible(true); // of a record that only its own program sees
    } catch (NoSuchMethodException | RuntimeException e) {
      throw new IllegalArgumentException(
          type.getName()
              + " cannot be created from here ("
              + e.getMessage()
              + "); open its package to dev.peft4j.core, or give a function",
          e);
    }
  }

  private static Part part(RecordComponent c, Map<String, String> columns) {
    JsonProperty property = c.getAccessor().getAnnotation(JsonProperty.class);
    String column = columns.get(c.getName());
    if (column == null && property != null && !property.value().isEmpty()) {
      column = property.value();
    }
    boolean optional = c.getType() == Optional.class;
    Type type =
        optional && c.getGenericType() instanceof ParameterizedType p
            ? p.getActualTypeArguments()[0]
            : c.getType().isPrimitive() ? Values.boxed(c.getType()) : c.getGenericType();
    return new Part(
        column == null ? c.getName() : column,
        column != null,
        type,
        optional,
        isNullable(c) || isNullable(c.getAccessor()) || isNullable(c.getAnnotatedType()));
  }

  /** Returns whether there is an annotation called {@code Nullable}, of any package. */
  private static boolean isNullable(AnnotatedElement e) {
    for (Annotation a : e.getAnnotations()) {
      if (a.annotationType().getSimpleName().equals("Nullable")) {
        return true;
      }
    }
    return false;
  }

  @Override
  public T apply(Row row) {
    @Nullable Object[] values = new @Nullable Object[parts.length];
    for (int i = 0; i < values.length; i++) {
      values[i] = value(row, parts[i]);
    }
    try {
      return constructor.newInstance(values);
    } catch (InvocationTargetException e) {
      Throwable problem = Objects.requireNonNull(e.getCause());
      if (problem instanceof Error error) {
        throw error;
      }
      throw new RowException(row.place(), String.valueOf(problem.getMessage()), problem);
    } catch (ReflectiveOperationException e) {
      throw new IllegalStateException("a record can be made", e);
    }
  }

  private static @Nullable Object value(Row row, Part part) {
    String column = column(row, part);
    if ((part.optional || part.nullable) && !row.has(column)) {
      return part.optional ? Optional.empty() : null;
    }
    Cell cell = row.cell(column);
    Object value = Values.of(row, column, cell, part.type);
    return part.optional ? Optional.of(value) : value;
  }

  /**
   * Returns the column of a component: {@code starRating} in Java may be {@code star_rating} in a
   * file.
   */
  private static String column(Row row, Part part) {
    if (!part.renamed && row.find(part.name) == null) {
      String snake = Names.toCheckpoint(part.name);
      return row.find(snake) == null ? part.name : snake;
    }
    return part.name;
  }
}
