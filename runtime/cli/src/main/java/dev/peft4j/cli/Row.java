package dev.peft4j.cli;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** The values of an example by name. A name is what {@link Spelling#name} makes of it. */
final class Row {
  private final Place place;
  private final Map<String, Cell> cells = new HashMap<>();
  private final List<String> names = new ArrayList<>();

  /** A row without values yet. */
  Row(Place place) {
    this.place = place;
  }

  void put(String name, Cell cell) {
    names.add(name);
    String key = Spelling.name(name);
    Cell twin = cells.put(key, cell);
    if (twin != null && cell.problem().isEmpty()) {
      cells.put(key, Cell.missing("is there twice, also in " + twin.place(), cell.place()));
    }
  }

  @Nullable Cell get(String name) {
    return cells.get(Spelling.name(name));
  }

  Place place() {
    return place;
  }

  /** The names as they are spelled. */
  List<String> names() {
    return names;
  }
}
