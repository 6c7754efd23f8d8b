package dev.peft4j.dataset;

import dev.peft4j.io.Blanks;
import dev.peft4j.io.Printable;
import dev.peft4j.target.Suggestions;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * A row of a data file: its values by the names of their columns, or of their keys. Spaces at the
 * ends of a name are ignored. A missing value, or one of another type, is an error that names the
 * line and the column; {@link DataFile} adds the file.
 */
public final class Row {
  private static final int MAX_SHOWN = 200;

  private final Place place;
  private final Place names;
  private final Map<String, Cell> cells = new HashMap<>();
  private final List<String> spelled = new ArrayList<>();

  /** Creates a row without values. */
  Row(Place place) {
    this(place, place);
  }

  /** Creates a row whose names are at another place: in the header. */
  Row(Place place, Place names) {
    this.place = place;
    this.names = names;
  }

  void put(String name, Cell cell) {
    spelled.add(name);
    String key = Blanks.strip(name);
    Cell twin = cells.put(key, cell);
    if (twin != null && cell.problem().isEmpty()) {
      cells.put(key, cell.unusable("occurs twice, also in " + twin.place()));
    }
  }

  /** Returns the place where the row begins. */
  public Place place() {
    return place;
  }

  /**
   * Returns the place of a value.
   *
   * @throws RuntimeException if the row has no such column
   */
  public Place place(String column) {
    return cell(column).place();
  }

  /** Returns the names of the columns, in their order, as they are spelled. */
  public List<String> columns() {
    return List.copyOf(spelled);
  }

  /**
   * Returns whether the row has a value in the column: the column is there, and it is neither
   * JSON's {@code null} nor an empty text.
   */
  public boolean has(String column) {
    Cell c = cells.get(Blanks.strip(column));
    return c != null && (c.tree() != null || c.text() != null && !c.text().isEmpty());
  }

  /**
   * Returns a text; a JSON number or boolean is returned as it is spelled. A number or truth value
   * of JSON is the text that it is spelled.
   *
   * @throws RuntimeException if it is missing or of another type
   */
  public String text(String column) {
    return get(column, String.class);
  }

  /**
   * Returns a whole number.
   *
   * @throws RuntimeException if it is missing, of another type or too large
   */
  public int intValue(String column) {
    return get(column, Integer.class);
  }

  /** Returns a whole number; see {@link #intValue}. */
  public long longValue(String column) {
    return get(column, Long.class);
  }

  /**
   * Returns a finite number.
   *
   * @throws RuntimeException if it is missing or of another type
   */
  public float floatValue(String column) {
    return get(column, Float.class);
  }

  /** Returns a finite number; see {@link #floatValue}. */
  public double doubleValue(String column) {
    return get(column, Double.class);
  }

  /**
   * Returns a boolean: {@code true} or {@code false} in any case, {@code 1} or {@code 0}.
   *
   * @throws RuntimeException if it is missing or of another type
   */
  public boolean booleanValue(String column) {
    return get(column, Boolean.class);
  }

  /**
   * Returns the finite numbers of several columns, such as the features of an example.
   *
   * @throws RuntimeException if one is missing or of another type
   */
  public float[] floats(String... columns) {
    float[] all = new float[columns.length];
    for (int i = 0; i < all.length; i++) {
      all[i] = floatValue(columns[i]);
    }
    return all;
  }

  /**
   * Returns a value as a type: a text, a number, a boolean, an enum constant by its name in any
   * case, and JSON values as a list, an array, a map or a record.
   *
   * @throws RuntimeException if it is missing or of another type
   */
  public <T> T get(String column, Class<T> type) {
    return type.cast(Values.of(this, column, cell(column), Values.boxed(type)));
  }

  /**
   * Creates the exception for a value that a program cannot use; throw it in the function that
   * reads the row.
   *
   * @param problem the problem, to follow the name of the column, such as {@code is 7, expected 1
   *     to 5}
   * @return an exception whose message names the line, the column and its name
   */
  public RuntimeException wrong(String column, String problem) {
    return new RowException(cell(column).place(), '"' + column + "\" " + problem);
  }

  /** Returns the cell of a column that may be missing. */
  @Nullable Cell find(String column) {
    return cells.get(Blanks.strip(column));
  }

  /** Returns the cell of a column that must exist. */
  Cell cell(String column) {
    Cell cell = find(column);
    if (cell == null) {
      String hint = Suggestions.didYouMean(column, spelled);
      throw new RowException(
          names,
          "has no \"" + column + "\"; it has " + shown() + (hint.isEmpty() ? "" : ". " + hint));
    }
    if (!cell.problem().isEmpty()) {
      throw new RowException(cell.place(), '"' + column + "\" " + cell.problem());
    }
    return cell;
  }

  private String shown() {
    String all = spelled.stream().collect(Collectors.joining(", ", "[", "]"));
    return Printable.of(all.length() <= MAX_SHOWN ? all : all.substring(0, MAX_SHOWN) + " ...");
  }

  /** Returns the place and the values, shortened: for a debugger or a log. */
  @Override
  public String toString() {
    String all =
        spelled.stream()
            .map(n -> n + "=" + Values.shown(cells.get(Blanks.strip(n))))
            .collect(Collectors.joining(", ", "{", "}"));
    return place + ": " + all;
  }
}
