package dev.peft4j.cli;

import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** The columns of texts and labels in a data file. */
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

  @Option(
      names = "--quote",
      description =
          "Fields of a .tsv may be in quotes, as those of a .csv; without it a quote is a"
              + " character like any other.")
  boolean quote;

  /** Throws if two options name the same column. */
  void check(boolean labelled) {
    apart("--text", text, "--second-text", second);
    if (labelled) {
      apart("--text", text, "--label", label);
      apart("--second-text", second, "--label", label);
    }
  }

  private static void apart(
      String option, @Nullable String name, String other, @Nullable String otherName) {
    if (name != null && otherName != null && Spelling.name(name).equals(Spelling.name(otherName))) {
      throw new UsageException(
          option + " and " + other + " both name \"" + name + "\"; they are different columns");
    }
  }
}
