package dev.peft4j.cli;

import dev.peft4j.io.AdapterConfig;
import dev.peft4j.io.AtomicFiles;
import dev.peft4j.io.PeftFormat;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.TypeConversionException;

/** What a model is trained for. */
enum Task {
  /** Texts get labels. */
  CLASSIFICATION("classification"),
  /** The next token is predicted. */
  CAUSAL_LM("causal-lm"),
  /** The answers of conversations are learned. */
  CHAT("chat");

  private final String word;

  Task(String word) {
    this.word = word;
  }

  /** The words of the tasks, for the help. */
  static final class Words extends ArrayList<String> {
    private static final long serialVersionUID = 1L;

    Words() {
      super(Arrays.stream(values()).map(Task::toString).toList());
    }
  }

  /** Reads the word of a task. */
  static final class Converter implements ITypeConverter<Task> {
    @Override
    public Task convert(String text) {
      for (Task t : values()) {
        if (t.word.equals(text)) {
          return t;
        }
      }
      throw new TypeConversionException(
          "\"" + text + "\" is not a task, expected " + String.join(" or ", new Words()));
    }
  }

  /** Returns whether it is a language model's: one that predicts the next token. */
  boolean isLanguageModel() {
    return this != CLASSIFICATION;
  }

  /** Returns whether a word is that of a task of language models. */
  static boolean isLanguageModel(String word) {
    return word.equals(CAUSAL_LM.word) || word.equals(CHAT.word);
  }

  /** Returns the task that was asked for; else that of an adapter; else classification. */
  static Task of(@Nullable Task asked, @Nullable Path adapter) throws IOException {
    if (asked != null || adapter == null) {
      return asked == null ? CLASSIFICATION : asked;
    }
    Path file = adapter.resolve(PeftFormat.CONFIG_FILE);
    boolean causal =
        AtomicFiles.exists(file)
            && AdapterConfig.read(file).get("task_type").asText().equals("CAUSAL_LM");
    return causal ? CAUSAL_LM : CLASSIFICATION;
  }

  @Override
  public String toString() {
    return word;
  }
}
