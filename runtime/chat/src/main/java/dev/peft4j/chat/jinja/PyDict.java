package dev.peft4j.chat.jinja;

import java.math.BigDecimal;
import java.math.BigInteger;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * A dict: in the order of insertion, with keys that are equal as in Python (1, 1.0 and True are
 * one).
 */
final class PyDict {
  private static final int MAX_DEPTH = 100;

  private final Map<Object, Object> values = new LinkedHashMap<>();
  // The keys as they were given, for those that are not their own canonical form.
  private final Map<Object, Object> originals = new LinkedHashMap<>(0);

  int size() {
    return values.size();
  }

  void put(Object key, Object value) {
    Object k = canonical(key);
    if (k != key && !values.containsKey(k)) {
      originals.put(k, key);
    }
    values.put(k, value);
  }

  @Nullable Object get(Object key) {
    return values.get(canonical(key));
  }

  boolean has(Object key) {
    return values.containsKey(canonical(key));
  }

  List<Object> keys() {
    List<Object> keys = new ArrayList<>(values.size());
    values.keySet().forEach(k -> keys.add(original(k)));
    return keys;
  }

  List<Object> valueList() {
    return new ArrayList<>(values.values());
  }

  List<Object> items() {
    List<Object> items = new ArrayList<>(values.size());
    values.forEach((k, v) -> items.add(PyTuple.of(original(k), v)));
    return items;
  }

  void putAll(PyDict other) {
    other.values.forEach((k, v) -> put(other.original(k), v));
  }

  Iterable<Map.Entry<Object, Object>> entries() {
    return values.entrySet();
  }

  Object original(Object canonical) {
    return originals.isEmpty() ? canonical : originals.getOrDefault(canonical, canonical);
  }

  static PyDict ofNames(Map<String, Object> names) {
    PyDict dict = new PyDict();
    names.forEach(dict::put);
    return dict;
  }

  private record TupleKey(List<Object> items) {}

  /** What stands for {@code key} in a hash table; equal for keys that Python calls equal. */
  static Object canonical(Object key) {
    return key instanceof String ? key : canonical(key, 0);
  }

  private static Object canonical(Object key, int depth) {
    return switch (key) {
      case String s -> s;
      case Long n -> n;
      case Markup m -> m.text();
      case Boolean b -> b ? 1L : 0L;
      case Double d when d.isNaN() || d.isInfinite() || d != Math.rint(d) -> d;
      case Double d -> Num.normal(new BigDecimal(d).toBigInteger());
      case BigInteger n -> n;
      case Undefined u -> Undefined.class;
      case PyTuple t -> {
        if (depth > MAX_DEPTH) {
          throw JinjaException.limit("a key of more than " + MAX_DEPTH + " tuples in each other");
        }
        List<Object> items = new ArrayList<>(t.items.size());
        t.items.forEach(i -> items.add(canonical(i, depth + 1)));
        yield new TupleKey(items);
      }
      case PyList l -> throw JinjaException.type("unhashable type: 'list'");
      case PyDict d -> throw JinjaException.type("unhashable type: 'dict'");
      default -> key;
    };
  }
}
