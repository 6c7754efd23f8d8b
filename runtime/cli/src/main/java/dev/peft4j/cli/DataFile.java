package dev.peft4j.cli;

import dev.peft4j.io.FileFormatException;
import dev.peft4j.io.Printable;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.Reader;
import java.nio.charset.CharacterCodingException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/**
 * Texts and labels from JSONL (an object a line), CSV (a header, quotes as in RFC 4180) and TSV (a
 * header, no quotes unless asked for), in UTF-8. The file's name says which: {@code .csv}, {@code
 * .tsv}, else JSONL. Every error names the file and the line.
 */
final class DataFile {
  /** Standard input. */
  static final String STDIN = "-";

  private static final char BYTE_ORDER_MARK = '\ufeff';
  private static final int MOST_SHOWN = 200;

  private final DataColumns columns;
  private final boolean labelled;

  private DataFile(DataColumns columns, boolean labelled) {
    this.columns = columns;
    this.labelled = labelled;
  }

  /**
   * Reads a file.
   *
   * @param labelled true if every line has to have a label; else labels are passed over
   * @throws FileFormatException if it is not what it should be, naming the line
   */
  static List<Example> read(Path file, DataColumns columns, boolean labelled) throws IOException {
    if (!Files.isRegularFile(file)) {
      throw new FileFormatException(
          file,
          (Files.exists(file) ? "is not a file" : "does not exist")
              + ", expected a data file (.jsonl, .csv or .tsv)");
    }
    try (InputStream in = Files.newInputStream(file)) {
      return read(in, file, columns, labelled);
    }
  }

  /** Reads a stream that is called {@code file} in messages. */
  static List<Example> read(InputStream in, Path file, DataColumns columns, boolean labelled)
      throws IOException {
    columns.check(labelled);
    Utf8Reader text = new Utf8Reader(in);
    try {
      List<Example> examples = new DataFile(columns, labelled).examples(rows(file, text, columns));
      if (examples.isEmpty()) {
        throw new FileFormatException(file, "has no examples");
      }
      return examples;
    } catch (RowException e) {
      throw new FileFormatException(file, String.valueOf(e.getMessage()), e);
    } catch (CharacterCodingException e) {
      throw new FileFormatException(file, "line " + text.line() + " is not UTF-8 text", e);
    }
  }

  private static Rows rows(Path file, Utf8Reader text, DataColumns columns) throws IOException {
    BufferedReader in = new BufferedReader(text);
    skipByteOrderMark(in);
    String name = String.valueOf(file.getFileName()).toLowerCase(Locale.ROOT);
    if (name.endsWith(".csv")) {
      return new Table(new QuotedLines(in, ','), "; a text with commas has to be in quotes");
    }
    if (name.endsWith(".tsv")) {
      return columns.quote
          ? new Table(new QuotedLines(in, '\t'), "; a text with tabs has to be in quotes")
          : new Table(new TabbedLines(in), "; a text cannot have tabs without quotes and --quote");
    }
    return new JsonLines(in);
  }

  private static void skipByteOrderMark(Reader reader) throws IOException {
    reader.mark(1);
    if (reader.read() != BYTE_ORDER_MARK) {
      reader.reset();
    }
  }

  private List<Example> examples(Rows rows) throws IOException {
    List<Example> examples = new ArrayList<>();
    for (Row row = rows.next(); row != null; row = rows.next()) {
      examples.add(example(row));
    }
    return examples;
  }

  private Example example(Row row) throws IOException {
    Cell text = required(row, columns.text);
    String second = columns.second;
    Cell other = second == null ? null : required(row, second);
    Cell label = labelled ? required(row, columns.label) : null;
    return new Example(
        text(text, columns.text),
        other == null || second == null ? null : text(other, second),
        label == null ? null : label(label),
        label == null ? text.place() : label.place());
  }

  private static Cell required(Row row, String name) throws IOException {
    Cell cell = row.get(name);
    if (cell == null) {
      throw new RowException(
          row.place(), "has no \"" + name + "\"; it has " + shortened(row.names().toString()));
    }
    if (!cell.problem().isEmpty()) {
      throw new RowException(cell.place(), "\"" + name + "\" " + cell.problem());
    }
    return cell;
  }

  private String label(Cell cell) throws IOException {
    String label = Labels.of(text(cell, columns.label));
    if (label.isEmpty()) {
      throw new RowException(
          cell.place(), "the label \"" + columns.label + "\" is empty, expected a class");
    }
    return label;
  }

  /** The text itself; half a surrogate pair is no character, and no tokenizer takes it. */
  private static String text(Cell cell, String name) throws IOException {
    String text = String.valueOf(cell.text());
    boolean broken =
        text.codePoints()
            .anyMatch(c -> c >= Character.MIN_SURROGATE && c <= Character.MAX_SURROGATE);
    if (broken) {
      throw new RowException(
          cell.place(), "\"" + name + "\" has half of a surrogate pair, which is no character");
    }
    return text;
  }

  private static String shortened(@Nullable String s) {
    String text = String.valueOf(s);
    return Printable.of(
        text.length() <= MOST_SHOWN ? text : text.substring(0, MOST_SHOWN) + " ...");
  }
}
