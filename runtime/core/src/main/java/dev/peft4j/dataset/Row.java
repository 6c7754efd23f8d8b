package dev.peft4j.dataset;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.peft4j.io.Blanks;
import dev.peft4j.io.Printable;
import dev.peft4j.target.Suggestions;
import java.io.IOException;
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

  private final @Nullable Json json;

  /** The text of a row as JSON, parsed when asked for. */
  interface Json {
    JsonNode parse() throws IOException;
  }

  /** Creates a row without values, of an object that is valid JSON. */
  Row(Place place, @Nullable Json json) {
    this(place, place, json);
  }

  /** Creates a row without values. */
  Row(Place place) {
    this(place, place, null);
  }

  /** Creates a row whose names are at another place: in the header. */
  Row(Place place, Place names) {
    this(place, names, null);
  }

  private Row(Place place, Place names, @Nullable Json json) {
    this.place = place;
    this.names = names;
    this.json = json;
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

  /**
   * Returns the row as a JSON object: that of the file, with the order of its keys and the types of
   * its numbers; of a CSV or TSV file, its texts by their columns.
   *
   * @throws RuntimeException if a value occurs twice
   */
  public ObjectNode json() {
    if (json == null) {
      ObjectNode all = JsonNodeFactory.instance.objectNode();
      for (String name : spelled) {
        all.put(Blanks.strip(name), cell(name).text());
      }
      return all;
    }
    try {
      return (ObjectNode) json.parse();
    } catch (IOException e) {
      throw new RowException(place, "is not JSON: " + e.getMessage(), e);
    }
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
