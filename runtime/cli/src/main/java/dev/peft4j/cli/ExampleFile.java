package dev.peft4j.cli;

import dev.peft4j.dataset.DataFile;
import dev.peft4j.dataset.Row;
import dev.peft4j.io.FileFormatException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Path;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Texts and labels from a {@link DataFile}. Every error names the file and the line. */
final class ExampleFile {
  /** Standard input. */
  static final String STDIN = "-";

  private final DataColumns columns;
  private final boolean labelled;

  private ExampleFile(DataColumns columns, boolean labelled) {
    this.columns = columns;
    this.labelled = labelled;
  }

  /**
   * Reads a file.
   *
   * @param labelled whether every line must have a label; otherwise labels are ignored
   * @throws FileFormatException if the file is not valid, with the line
   */
  static List<Example> read(Path file, DataColumns columns, boolean labelled) throws IOException {
    return read(DataFile.of(file), file, columns, labelled);
  }

  /** Reads a stream that is called {@code file} in messages. */
  static List<Example> read(InputStream in, Path file, DataColumns columns, boolean labelled)
      throws IOException {
    return read(DataFile.from(in, file), file, columns, labelled);
  }

  private static List<Example> read(DataFile data, Path file, DataColumns columns, boolean labelled)
      throws IOException {
    columns.check(labelled);
    List<Example> examples =
        (columns.quote ? data.quoted() : data).read(new ExampleFile(columns, labelled)::example);
    if (examples.isEmpty()) {
      throw new FileFormatException(file, "has no examples");
    }
    return examples;
  }

  private Example example(Row row) {
    String text = row.text(columns.text);
    @Nullable String second = columns.second == null ? null : row.text(columns.second);
    if (!labelled) {
      return new Example(text, second, null, row.place(columns.text));
    }
    String label = Labels.of(row.text(columns.label));
    if (label.isEmpty()) {
      throw row.wrong(columns.label, "is empty, expected a class");
    }
    return new Example(text, second, label, row.place(columns.label));
  }
}
