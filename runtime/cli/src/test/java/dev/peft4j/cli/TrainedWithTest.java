package dev.peft4j.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import picocli.CommandLine;

/** What a classifier was trained with goes with its adapter, and a run goes on only with it. */
class TrainedWithTest {
  private static final JsonMapper JSON = new JsonMapper();

  private record Run(int code, String out, String err) {
    static Run of(Object... args) {
      StringWriter out = new StringWriter();
      StringWriter err = new StringWriter();
      CommandLine line = Main.commandLine();
      line.setOut(new PrintWriter(out, true)).setErr(new PrintWriter(err, true));
      String[] texts = new String[args.length];
      for (int i = 0; i < args.length; i++) {
        texts[i] = args[i].toString();
      }
      return new Run(Main.execute(line, texts), out.toString(), err.toString());
    }

    JsonNode json() throws IOException {
      assertThat(code).as(err).isZero();
      return JSON.readTree(out);
    }
  }

  @TempDir static Path shared;
  @TempDir Path folder;
  private static Path model;
  private static Path data;
  private static Path test;
  private static Path run;
  private static JsonNode report;

  @BeforeAll
  static void trainOnPairs() throws IOException {
    model = TinyModel.write(shared.resolve("model"));
    data = shared.resolve("pairs.jsonl");
    test = shared.resolve("test.csv");
    Files.writeString(data, pairs(90, 1, false));
    Files.writeString(test, pairs(30, 2, true));
    run = shared.resolve("run");
    report = Run.of(with(run)).json();
  }

  /** A long text whose first word counts, and a second one. */
  private static String pairs(int n, long seed, boolean csv) {
    Random random = new Random(seed);
    StringBuilder out = new StringBuilder(csv ? "verdict,opinion,remark\n" : "");
    for (int i = 0; i < n; i++) {
      boolean good = random.nextBoolean();
      String opinion = (good ? "great" : "awful") + " the film was a book is very a song".repeat(2);
      String remark = random.nextBoolean() ? "fine" : "poor";
      String verdict = good ? "yes" : "no";
      out.append(
          csv
              ? verdict + "," + opinion + "," + remark + "\n"
              : "{\"opinion\": \"%s\", \"remark\": \"%s\", \"verdict\": \"%s\"}\n"
                  .formatted(opinion, remark, verdict));
    }
    return out.toString();
  }

  private static Object[] with(Path out, Object... more) {
    List<Object> all =
        new ArrayList<>(
            List.of(
                "train",
                "-m",
                model,
                "-d",
                data,
                "-e",
                test,
                "-o",
                out,
                "--epochs",
                3,
                "--batch",
                8,
                "--lr",
                "1e-2",
                "--quiet",
                "--json"));
    List<Object> given = List.of(more);
    for (String option :
        List.of("--text=opinion", "--second-text=remark", "--label=verdict", "--max-length=9")) {
      String name = option.substring(0, option.indexOf('='));
      if (given.stream().noneMatch(g -> g.toString().startsWith(name + "="))) {
        all.add(option);
      }
    }
    all.addAll(given);
    return all.toArray();
  }

  private static Path adapter() {
    return run.resolve("adapter");
  }

  @Test
  void evalTakesLengthAndColumnsFromTheAdapter() throws IOException {
    for (Path from : List.of(adapter(), best())) {
      JsonNode found = Run.of("eval", "-m", model, "-a", from, "-d", test, "--json").json();
      for (String name : List.of("accuracy", "loss", "f1")) {
        assertThat(found.path(name).doubleValue())
            .isCloseTo(report.path("eval_" + name).doubleValue(), within(1e-6));
      }
    }
    Run longer =
        Run.of("eval", "-m", model, "-a", adapter(), "-d", test, "--json", "--max-length", 24);
    assertThat(longer.err()).contains("--max-length is 24; the classifier was trained with 9");
    assertThat(longer.json().path("loss").doubleValue())
        .isNotCloseTo(report.path("eval_loss").doubleValue(), within(1e-6));
    Run swapped =
        Run.of(
            "eval",
            "-m",
            model,
            "-a",
            adapter(),
            "-d",
            test,
            "--json",
            "--text",
            "remark",
            "--second-text",
            "opinion");
    assertThat(swapped.err())
        .contains("--text is remark; the classifier was trained with opinion")
        .contains("--second-text is opinion; the classifier was trained with remark");
    assertThat(swapped.json().path("loss").doubleValue())
        .isNotCloseTo(report.path("eval_loss").doubleValue(), within(1e-6));
  }

  private static Path best() throws IOException {
    try (var all = Files.list(run.resolve("checkpoints"))) {
      List<Path> found = all.filter(p -> p.getFileName().toString().startsWith("check")).toList();
      // the adapter is that of the best one
      for (Path p : found) {
        if (Files.mismatch(
                p.resolve("adapter_model.safetensors"),
                adapter().resolve("adapter_model.safetensors"))
            < 0) {
          return p;
        }
      }
      throw new AssertionError("no checkpoint is the adapter: " + found);
    }
  }

  @Test
  void predictDoesSoToo() throws IOException {
    Run predicted = Run.of("predict", "-m", model, "-a", adapter(), "-d", test, "--json");
    assertThat(predicted.code()).as(predicted.err()).isZero();
    assertThat(predicted.err()).contains("--text opinion --second-text remark --label verdict");
    List<String> expected = Files.readAllLines(test).stream().skip(1).toList();
    List<String> lines = predicted.out().lines().toList();
    assertThat(lines).hasSize(30);
    int right = 0;
    for (int i = 0; i < lines.size(); i++) {
      JsonNode line = JSON.readTree(lines.get(i));
      String label = line.path("label").textValue();
      assertThat(line.path("text").textValue()).isNotEmpty();
      assertThat(line.path("second_text").textValue()).isNotEmpty();
      assertThat(expected.get(i))
          .contains(line.path("text").textValue(), line.path("second_text").textValue());
      right += expected.get(i).startsWith(label + ",") ? 1 : 0;
    }
    assertThat(right / 30.0).isCloseTo(report.path("eval_accuracy").doubleValue(), within(1e-9));
    Run single = Run.of("predict", "-m", model, "-a", adapter(), "great film");
    assertThat(single.code()).isEqualTo(2);
    assertThat(single.err())
        .contains("was trained with pairs of texts")
        .contains("\"opinion\" and \"remark\"");
    Run asked = Run.of("predict", "-m", model, "-a", adapter(), "--second-text", "", "great film");
    assertThat(asked.code()).isZero();
    assertThat(asked.err())
        .contains("--second-text is empty; the classifier was trained with remark");
  }

  @Test
  void aMergedModelKeepsIt() throws IOException {
    Path merged = folder.resolve("merged");
    assertThat(Run.of("merge", "-m", model, "-a", adapter(), "-o", merged).code()).isZero();
    JsonNode found = Run.of("eval", "-m", merged, "-d", test, "--json").json();
    assertThat(found.path("loss").doubleValue())
        .isCloseTo(report.path("eval_loss").doubleValue(), within(1e-4));
  }

  @Test
  void theAdapterRemembersHowItWasTrained() throws IOException {
    JsonNode tree = JSON.readTree(adapter().resolve("training.json").toFile());
    assertThat(tree.path("labels").toString()).isEqualTo("[\"no\",\"yes\"]");
    assertThat(tree.path("max length").intValue()).isEqualTo(9);
    assertThat(tree.path("data").path("number of examples").asText()).isEqualTo("90");
    assertThat(tree.path("data").path("checksum of examples").asText()).hasSize(32);
    assertThat(tree.path("settings").path("seed").intValue()).isZero();
    assertThat(tree.path("settings").path("schedule").asText()).isEqualTo("linear");
    Path broken = folder.resolve("adapter");
    Files.createDirectories(broken);
    for (String name : List.of("adapter_config.json", "adapter_model.safetensors")) {
      Files.copy(adapter().resolve(name), broken.resolve(name));
    }
    for (String text :
        List.of(
            "{\"format\": \"x\"}",
            "{\"format\": \"peft4j training 1\", \"labels\": [\"a\", \"a\"]}",
            wrong("\"max length\": -1"),
            wrong("\"max length\": 1e99"),
            wrong("\"max length\": 5"),
            wrong("\"max length\": 5, \"text column\": 7"),
            "[")) {
      Files.writeString(broken.resolve("training.json"), text);
      Run eval = Run.of("eval", "-m", model, "-a", broken, "-d", test);
      assertThat(eval.code()).as(text).isEqualTo(1);
      assertThat(eval.err()).as(text).contains(broken.resolve("training.json").toString());
    }
  }

  private static String wrong(String rest) {
    return "{\"format\": \"peft4j training 1\", \"labels\": [\"a\", \"b\"], " + rest + "}";
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "--labels=yes,no | labels [\"no\",\"yes\"], not [\"yes\",\"no\"]",
        "--max-length=10 | max length 9, not 10",
        "--text=remark,--second-text=opinion | text column \"opinion\", not \"remark\"",
        "--schedule=cosine | schedule linear over 36 steps",
        "--schedule=constant | schedule linear over 36 steps",
        "--warmup=0.5 | schedule linear over 36 steps, 2 of them warm-up, not linear over 36",
        "--accumulation=2 | accumulation 1, not 2",
        "--clip=0.5 | clip norm 1.0, not 0.5",
        "--seed=1 | seed 0, not 1",
        "--monitor=f1 | monitored number lowest loss, not highest f1",
        "--rank=4 | r = 4"
      })
  void resumeRefusesSomethingElse(String options, String says) throws IOException {
    byte[] before = Files.readAllBytes(adapter().resolve("labels.json"));
    List<Object> args = new ArrayList<>(List.of("--resume"));
    for (String o : options.split(",(?=--)")) {
      args.add(o);
    }
    Run again = Run.of(with(run, args.toArray()));
    assertThat(again.code()).as(again.err()).isEqualTo(1);
    assertThat(again.err()).contains("is of another ").contains(says);
    assertThat(adapter().resolve("labels.json")).hasBinaryContent(before);
  }

  @Test
  void resumeRefusesOtherDataOfTheSameSize() throws IOException {
    Path kept = shared.resolve("kept.jsonl");
    Files.copy(data, kept);
    try {
      List<String> lines = new ArrayList<>(Files.readAllLines(kept));
      lines.set(5, lines.get(5).replace("\"remark\": \"fine\"", "\"remark\": \"awful\""));
      lines.set(6, lines.get(6).replace("\"remark\": \"fine\"", "\"remark\": \"awful\""));
      lines.set(7, lines.get(7).replace("\"remark\": \"fine\"", "\"remark\": \"awful\""));
      Files.write(data, lines);
      Run other = Run.of(with(run, "--resume"));
      assertThat(other.code()).isEqualTo(1);
      assertThat(other.err()).contains("is of another data").contains("checksum of examples");
      Files.write(data, Files.readAllLines(kept).subList(0, 89)); // 12 batches as before
      other = Run.of(with(run, "--resume"));
      assertThat(other.code()).isEqualTo(1);
      assertThat(other.err()).contains("number of examples 90, not 89");
      // blank lines and spaces between keys are no other data
      Files.writeString(
          data, Files.readString(kept).replace("\n", "\n\n").replace("\", \"", "\",   \""));
      assertThat(Run.of(with(run, "--resume")).json().path("steps").intValue()).isEqualTo(36);
    } finally {
      Files.writeString(data, Files.readString(kept));
      Files.delete(kept);
    }
  }

  @Test
  void aFinishedRunThatIsResumedReportsWhatItDid() throws IOException {
    JsonNode again = Run.of(with(run, "--resume")).json();
    assertThat(again.path("train_loss").doubleValue())
        .isEqualTo(report.path("train_loss").doubleValue());
    assertThat(again.path("eval_loss").doubleValue())
        .isCloseTo(report.path("eval_loss").doubleValue(), within(1e-9));
    // without data to evaluate on it tells what was measured
    List<Object> args = new ArrayList<>(List.of(with(run, "--resume")));
    int e = args.indexOf("-e");
    args.subList(e, e + 2).clear();
    JsonNode without = Run.of(args.toArray()).json();
    assertThat(without.path("eval_loss").doubleValue())
        .isCloseTo(report.path("eval_loss").doubleValue(), within(1e-6));
  }
}
