package dev.peft4j.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Mistakes that many make, and the sentence that helps. */
class MessagesTest {
  @TempDir Path folder;

  @Test
  void theFolderOfARunIsNotItsAdapter() throws IOException {
    Path model = TinyModel.write(folder.resolve("model"));
    Path data = folder.resolve("data.jsonl");
    Files.writeString(data, TinyModel.jsonLines(8, 1));
    Path run = folder.resolve("run");
    Run.of("train", "-m", model, "-d", data, "-o", run, "--epochs", 1, "--quiet").ok();
    String meant = "did you mean " + run.resolve("adapter") + "?";
    Run.of("predict", "-m", model, "-a", run, "a").failed(run + ": has no adapter", meant);
    Run.of("eval", "-m", model, "-a", run, "-d", data).failed(meant);
    Run.of("merge", "-m", model, "-a", run, "-o", folder.resolve("merged")).failed(meant);
    Run.of("predict", "-m", model, "-a", folder.resolve("none"), "a").failed("does not exist");
    Run.of("predict", "-m", model, "-a", model, "a").failed("has no adapter");
  }

  @Test
  void aNameOfTheHubIsNotAFolder() {
    Run.of("predict", "-m", "google-bert/bert-base-uncased", "a")
        .failed(
            "google-bert/bert-base-uncased: does not exist",
            "it looks like a name on the Hugging Face Hub",
            "hf download google-bert/bert-base-uncased --local-dir FOLDER");
    Path none = folder.resolve("none");
    assertThat(Run.of("predict", "-m", none, "a").failed(none + ": does not exist").err())
        .doesNotContain("Hub");
  }
}
