package dev.peft4j.chat.jinja;

import java.util.ArrayList;
import java.util.List;
import java.util.function.Function;

/** Python's {@code sorted}: stable, by {@code <} alone. */
final class Sort {
  private Sort() {}

  private record Keyed<T>(Object key, T item) {}

  // A merge sort of our own: what Python's < says need be no order, and then Java's sort may
  // refuse.
  static <T> void sort(List<T> items, Function<T, Object> key, boolean reverse, Runtime rt) {
    rt.reserveEntries(items.size());
    List<Keyed<T>> keyed = new ArrayList<>(items.size());
    for (T item : items) {
      keyed.add(new Keyed<>(key.apply(item), item));
    }
    if (reverse) {
      keyed = new ArrayList<>(keyed.reversed());
    }
    mergeSort(keyed, rt);
    if (reverse) {
      keyed = keyed.reversed();
    }
    for (int i = 0; i < items.size(); i++) {
      items.set(i, keyed.get(i).item());
    }
  }

  private static <T> void mergeSort(List<Keyed<T>> a, Runtime rt) {
    List<Keyed<T>> from = a;
    for (int width = 1; width < a.size(); width *= 2) {
      rt.reserveEntries(a.size());
      List<Keyed<T>> to = new ArrayList<>(a.size());
      for (int left = 0; left < a.size(); left += 2 * width) {
        int middle = Math.min(a.size(), left + width);
        int end = Math.min(a.size(), left + 2 * width);
        int i = left;
        int j = middle;
        while (i < middle || j < end) {
          boolean second =
              i == middle
                  || (j < end && Compare.order("<", from.get(j).key(), from.get(i).key(), rt));
          to.add(from.get(second ? j++ : i++));
        }
      }
      from = to;
    }
    for (int i = 0; i < a.size() && from != a; i++) {
      a.set(i, from.get(i));
    }
  }
}
