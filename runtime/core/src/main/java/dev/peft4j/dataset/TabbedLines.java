package dev.peft4j.dataset;

import java.io.BufferedReader;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Lines of cells that are separated by tabs or another character; no other character has a special
 * meaning.
 */
final class TabbedLines implements Table.Lines {
  private final BufferedReader in;
  private final char separator;
  private int number;
  private boolean empty;

  TabbedLines(BufferedReader in, char separator) {
    this.in = in;
    this.separator = separator;
  }

  @Override
  public @Nullable List<Cell> next() throws IOException {
    String line = in.readLine();
    if (line == null) {
      return null;
    }
    number++;
    empty = line.isEmpty();
    List<Cell> cells = new ArrayList<>();
    int from = 0;
    for (int tab = line.indexOf(separator); tab >= 0; tab = line.indexOf(separator, from)) {
      cells.add(Cell.of(line.substring(from, tab), new Place(number, from + 1)));
      from = tab + 1;
    }
    cells.add(Cell.of(line.substring(from), new Place(number, from + 1)));
    return cells;
  }

  @Override
  public boolean isEmpty() {
    return empty;
  }
}
