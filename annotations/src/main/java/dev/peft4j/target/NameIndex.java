package dev.peft4j.target;

import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Names of modules as lists of targets write them, found by the paths that they name, however many
 * there are.
 */
final class NameIndex {
  private final Map<String, Integer> order = new HashMap<>();

  NameIndex(List<String> names) {
    for (int i = 0; i < names.size(); i++) {
      order.putIfAbsent(names.get(i), i);
    }
  }

  /** Whether one of them is the path itself. */
  boolean contains(String path) {
    return order.containsKey(path);
  }

  /** The first of them that is the path or the end of it from a dot on; null if none is. */
  @Nullable String naming(String path) {
    String first = null;
    int least = Integer.MAX_VALUE;
    int from = 0;
    while (true) {
      String end = path.substring(from);
      int at = order.getOrDefault(end, Integer.MAX_VALUE);
      if (at < least) {
        least = at;
        first = end;
      }
      int dot = path.indexOf('.', from);
      if (dot < 0) {
        return first;
      }
      from = dot + 1;
    }
  }
}
