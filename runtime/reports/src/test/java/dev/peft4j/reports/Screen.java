package dev.peft4j.reports;

import java.util.ArrayList;
import java.util.List;

/** A terminal of so many columns, as far as carriage returns, line feeds and wrapping go. */
final class Screen {
  private final int columns;
  private final List<StringBuilder> rows = new ArrayList<>(List.of(new StringBuilder()));
  private int row;
  private int column;
  int paintings;

  Screen(int columns) {
    this.columns = columns;
  }

  void play(String output) {
    for (char c : output.toCharArray()) {
      switch (c) {
        case '\r' -> {
          column = 0;
          paintings++;
        }
        case '\n' -> down();
        default -> {
          if (column == columns) {
            down();
            column = 0;
          }
          StringBuilder line = rows.get(row);
          while (line.length() <= column) {
            line.append(' ');
          }
          line.setCharAt(column++, c);
        }
      }
    }
  }

  private void down() {
    row++;
    if (row == rows.size()) {
      rows.add(new StringBuilder());
    }
  }

  /** What stands on the screen, without blanks at the ends and empty lines. */
  List<String> lines() {
    return rows.stream().map(r -> r.toString().stripTrailing()).filter(r -> !r.isEmpty()).toList();
  }

  @Override
  public String toString() {
    return String.join("\n", lines());
  }
}
