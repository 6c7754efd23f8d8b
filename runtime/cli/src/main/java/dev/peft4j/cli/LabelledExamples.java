package dev.peft4j.cli;

import dev.peft4j.io.FileFormatException;
import java.nio.file.Path;
import java.util.List;

/**
 * Examples with known labels.
 *
 * @param examples the examples
 * @param labels the index of each one's label in the list of labels
 */
record LabelledExamples(List<Example> examples, int[] labels) {
  /**
   * Finds the examples' labels in a list.
   *
   * @param file the file of the examples, for messages
   * @throws FileFormatException if a label is not in the list, with the line
   */
  static LabelledExamples of(Path file, List<Example> examples, List<String> names)
      throws FileFormatException {
    return new LabelledExamples(examples, Labels.indices(file, examples, names));
  }
}
