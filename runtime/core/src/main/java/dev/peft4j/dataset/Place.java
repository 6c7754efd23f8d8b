package dev.peft4j.dataset;

/**
 * A place in a data file.
 *
 * @param line the line, from 1; 0 for no place
 * @param column the character in the line, from 1; 0 for the whole line
 */
public record Place(int line, int column) {
  /** No place: for values that are not from a file. */
  public static final Place NONE = new Place(0, 0);

  @Override
  public String toString() {
    return column == 0 ? "line " + line : "line " + line + ", column " + column;
  }
}
