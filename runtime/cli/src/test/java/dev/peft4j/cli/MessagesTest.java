package dev.peft4j.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import picocli.CommandLine;
import picocli.CommandLine.Model.OptionSpec;

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
    ScopedValue.where(HubAccess.ENVIRONMENT, Map.of("HF_HOME", folder.resolve("hf").toString()))
        .run(
            () ->
                Run.of("predict", "-m", "google-bert/bert-base-uncased", "a")
                    .failed(
                        "google-bert/bert-base-uncased: there is no such folder, and it is not in"
                            + " the Hub's cache "
                            + folder.resolve("hf"),
                        "get it with 'peft4j download google-bert/bert-base-uncased'"));
    Path none = folder.resolve("none");
    assertThat(Run.of("predict", "-m", none, "a").failed(none + ": does not exist").err())
        .doesNotContain("download");
  }

  /** One line, and where help is: for each option of each command that takes a number. */
  @Test
  void whatIsNoNumberIsOneLineForEveryOption() {
    int options = 0;
    for (CommandLine command : Main.commandLine().getSubcommands().values()) {
      for (OptionSpec option : command.getCommandSpec().options()) {
        Class<?> type = option.type();
        boolean number =
            type.isPrimitive() && type != boolean.class || Number.class.isAssignableFrom(type);
        if (!number) {
          continue;
        }
        options++;
        for (String value : List.of("abc", "", "1,5")) {
          usage(
              Run.of(command.getCommandName(), option.longestName(), value),
              "Invalid value for option '" + option.longestName(),
              "number but was '" + value + "'");
        }
      }
    }
    assertThat(options).isGreaterThan(15);
    usage(Run.of("train", "--epochs", "99999999999"), "expected a smaller number");
    usage(Run.of("train", "--epochs", "1.5"), "expected a whole number but was '1.5'");
    usage(Run.of("train", "--monitor", "x"), "expected one of [loss, accuracy, f1, perplexity]");
    usage(Run.of("train", "--lr"), "Missing required parameter for option '--lr'");
    usage(
        Run.of("train", "-m", "m", "-d", "d", "-o", "o", "--lrr", "3"),
        "Unknown option: '--lrr'; did you mean --lr?");
    usage(Run.of("train"), "Missing required options: ");
    usage(Run.of("trian"), "there is no command 'trian', expected one of train, chat, eval");
    usage(Run.of("devices", "x"), "'x' belongs to no option");
  }

  private static void usage(Run run, String... sentence) {
    assertThat(run.code()).as(run.err()).isEqualTo(2);
    assertThat(run.out()).isEmpty();
    assertThat(run.err().lines()).as(run.err()).hasSize(2);
    assertThat(run.err().lines().toList().getLast()).matches("Try 'peft4j[ a-z]* --help'\\.");
    assertThat(run.err()).contains(sentence);
  }

  @Test
  void namesOfTargetsAreTheLastOnes() throws IOException {
    Path model = TinyModel.write(folder.resolve("model"));
    Path data = folder.resolve("data.jsonl");
    Files.writeString(data, TinyModel.jsonLines(8, 1));
    Path run = folder.resolve("run");
    Run wrong = Run.of("train", "-m", model, "-d", data, "-o", run, "--target", "qurey");
    wrong.failed("Target modules [qurey] not found", "Did you mean \"query\"?");
    assertThat(wrong.err().length()).isLessThan(400);
    assertThat(wrong.err()).containsOnlyOnce("value").doesNotContain("encoder.layer");
    usage(
        Run.of("train", "-m", model, "-d", data, "-o", run, "--target", "query,,value"),
        "--target has an empty name in \"query,,value\"");
    usage(
        Run.of("train", "-m", model, "-d", data, "-o", run, "--max-length", 1),
        "--max-length is 1, must be at least 3");
  }

  @Test
  void badDataIsOnePlaceAndWhatWasExpected() throws IOException {
    Path model = TinyModel.write(folder.resolve("model"));
    Path data = folder.resolve("data.jsonl");
    String good = "{\"text\": \"a\", \"label\": \"x\"}\n";
    for (String line :
        List.of(
            "{\"text\": \"a\", \"label\": x}",
            "{\"text\": \"a",
            "{\"text\": \"a\", \"label\" \"x\"}",
            "{\"text\": \"a\"; \"label\": \"x\"}",
            "{\"text\": \"a\tb\", \"label\": \"x\"}",
            "{\"text\": \"\\q\", \"label\": \"x\"}",
            "{\"text\": " + "[".repeat(200) + "}",
            "{\"text\": " + "1".repeat(2000) + "}",
            "{\"text\": \"a\", \"text\": \"b\"}",
            "}")) {
      Files.writeString(data, good + line + "\n");
      Run run = Run.of("eval", "-m", model, "-d", data).failed(data + ": line 2");
      assertThat(run.err()).contains("expected").doesNotContain("line: ", "column: ");
      assertThat(run.err().split("line [0-9]")).hasSize(2);
    }
  }
}
