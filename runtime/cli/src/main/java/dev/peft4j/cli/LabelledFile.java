package dev.peft4j.cli;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import picocli.CommandLine.Help;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** The texts with labels that a command needs. */
final class LabelledFile {
  @Mixin DataColumns columns = new DataColumns();

  @Option(
      names = {"-d", "--data"},
      paramLabel = "FILE",
      required = true,
      showDefaultValue = Help.Visibility.NEVER,
      description = "Texts with labels: .jsonl, .csv or .tsv.")
  Path path = Path.of("");

  /** Reads the examples. */
  List<Example> read() throws IOException {
    return ExampleFile.read(path, columns, true);
  }
}
