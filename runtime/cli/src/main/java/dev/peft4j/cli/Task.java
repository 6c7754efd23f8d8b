package dev.peft4j.cli;

import dev.peft4j.io.AdapterConfig;
import dev.peft4j.io.AtomicFiles;
import dev.peft4j.io.PeftFormat;
import java.io.IOException;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/** What a model is trained for. */
enum Task {
  /** Texts get labels. */
  CLASSIFICATION("classification"),
  /** The next token is predicted. */
  CAUSAL_LM("causal-lm");

  private final String word;

  Task(String word) {
    this.word = word;
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
