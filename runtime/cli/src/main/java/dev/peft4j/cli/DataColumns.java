package dev.peft4j.cli;

import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** Where texts and labels are in a data file. */
final class DataColumns {
  @Option(
      names = "--text",
      paramLabel = "NAME",
      defaultValue = "text",
      description = "Key or column of the text.")
  String text = "text";

  @Option(
      names = "--second-text",
      paramLabel = "NAME",
      description = "Key or column of a second text, for models of pairs.")
  @Nullable String second;

  @Option(
      names = "--label",
      paramLabel = "NAME",
      defaultValue = "label",
      description = "Key or column of the label.")
  String label = "label";
}
