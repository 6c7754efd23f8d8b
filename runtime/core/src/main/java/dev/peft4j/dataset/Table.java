package dev.peft4j.dataset;

import dev.peft4j.io.Blanks;
import java.io.IOException;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * Rows below a header. Empty lines are skipped; if there is only one column they are empty texts,
 * except at the end.
 */
final class Table implements Rows {
  /** Lines of cells. */
  interface Lines {
    /** Returns the next line, or null after the last; an empty line has one cell. */
    @Nullable List<Cell> next() throws IOException;

    /** Returns whether the line that was read last is empty, without even quotes. */
    boolean isEmpty();
  }

  private final Lines lines;
  private final String hint;
  private final Deque<List<Cell>> read = new ArrayDeque<>();
  private @Nullable List<Cell> header;

  /**
   * Creates a table.
   *
   * @param hint a hint for lines with more cells than the header
   */
  Table(Lines lines, String hint) {
    this(lines, hint, List.of());
  }

  /**
   * Creates a table without a header, whose columns have these names; no names if it has a header.
   */
  Table(Lines lines, String hint, List<String> names) {
    this.lines = lines;
    this.hint = hint;
    this.header = names.isEmpty() ? null : names.stream().map(n -> Cell.of(n, Place.NONE)).toList();
  }

  @Override
  public @Nullable Row next() throws IOException {
    List<Cell> names = header();
    List<Cell> line = line(names.size() == 1);
    if (line == null) {
      return null;
    }
    Place place = new Place(line.getFirst().place().line(), 0);
    if (line.size() != names.size()) {
      throw new RowException(
          place,
          "has "
              + line.size()
              + (line.size() == 1 ? " column, expected " : " columns, expected ")
              + names.size()
              + (names.getFirst().place().equals(Place.NONE) ? "" : " as in the header")
              + (line.size() > names.size() ? hint : ""));
    }
    Row row =
        new Row(
            place,
            names.getFirst().place().equals(Place.NONE)
                ? place
                : new Place(names.getFirst().place().line(), 0));
    for (int i = 0; i < line.size(); i++) {
      row.put(name(names.get(i)), names.get(i).problem().isEmpty() ? line.get(i) : names.get(i));
    }
    return row;
  }

  private List<Cell> header() throws IOException {
    List<Cell> names = header;
    if (names == null) {
      names = line(false);
      names = names == null ? List.of() : distinct(names);
      header = names;
    }
    return names;
  }

  /** Returns the header's cells; duplicate names are marked as a problem. */
  private static List<Cell> distinct(List<Cell> names) {
    Map<String, Cell> first = new HashMap<>();
    List<Cell> distinct = new ArrayList<>();
    for (Cell c : names) {
      Cell twin = first.putIfAbsent(Blanks.strip(name(c)), c);
      distinct.add(
          twin == null ? c : c.unusable("is in the header twice, also in " + twin.place()));
    }
    return distinct;
  }

  private static String name(Cell header) {
    return Objects.requireNonNull(header.text());
  }

  private @Nullable List<Cell> line(boolean keepEmpty) throws IOException {
    if (!read.isEmpty()) {
      return read.removeFirst();
    }
    List<List<Cell>> empty = new ArrayList<>();
    for (List<Cell> line = lines.next(); line != null; line = lines.next()) {
      if (!lines.isEmpty()) {
        read.addAll(empty);
        read.add(line);
        return read.removeFirst();
      }
      if (keepEmpty) {
        empty.add(line);
      }
    }
    return null;
  }
}
