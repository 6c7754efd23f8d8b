package dev.peft4j.dataset;

/**
 * A place in a data file.
 *
 * @param line the line, from 1; 0 is no place
 * @param column the character in the line, from 1; 0 is the line as a whole
 */
public record Place(int line, int column) {
  /** No place: of what is in no file. */
  public static final Place NONE = new Place(0, 0);

  @Override
  public String toString() {
    return column == 0 ? "line " + line : "line " + line + ", column " + column;
  }
}
