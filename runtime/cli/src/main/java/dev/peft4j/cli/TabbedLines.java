package dev.peft4j.cli;

import java.io.BufferedReader;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Lines of cells between tabs; no other character means anything. */
final class TabbedLines implements Table.Lines {
  private final BufferedReader in;
  private int number;
  private boolean empty;

  TabbedLines(BufferedReader in) {
    this.in = in;
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
    for (int tab = line.indexOf('\t'); tab >= 0; tab = line.indexOf('\t', from)) {
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
