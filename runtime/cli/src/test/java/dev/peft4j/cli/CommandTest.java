package dev.peft4j.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import dev.peft4j.backend.Precision;
import dev.peft4j.io.AdapterFolder;
import dev.peft4j.transformers.Transformers;
import dev.peft4j.tuner.PeftModel;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class CommandTest {
  @TempDir static Path shared;
  @TempDir Path folder;
  private static Path model;
  private static Path train;
  private static Path test;
  private static Path trained;
  private static JsonNode report;

  @BeforeAll
  static void trainOnce() throws IOException {
    model = TinyModel.write(shared.resolve("model"));
    train = shared.resolve("train.jsonl");
    test = shared.resolve("test.csv");
    Files.writeString(train, TinyModel.jsonLines(120, 1));
    Files.writeString(test, TinyModel.csv(60, 2));
    trained = shared.resolve("run");
    report =
        Run.of(
                "train",
                "--model",
                model,
                "--data",
                train,
                "--eval",
                test,
                "--out",
                trained,
                "--epochs",
                4,
                "--lr",
                "1e-2",
                "--batch",
                8,
                "--quiet",
                "--json")
            .json();
  }

  @Test
  void trains() {
    assertThat(report.path("steps").longValue()).isEqualTo(60);
    assertThat(report.path("reason").textValue()).isEqualTo("completed");
    assertThat(report.path("eval_accuracy").doubleValue()).isGreaterThan(0.95);
    assertThat(report.path("train_loss").doubleValue()).isLessThan(0.3);
    assertThat(trained.resolve("adapter/adapter_config.json")).exists();
    assertThat(trained.resolve("loss.png")).exists();
    assertThat(trained.resolve("loss.csv")).exists();
    assertThat(trained.resolve("evaluation.csv")).exists();
    assertThat(report.path("adapter").textValue()).isEqualTo(trained.resolve("adapter").toString());
  }

  @Test
  void theAdapterIsOneOfPeft() throws IOException {
    var config = AdapterFolder.read(trained.resolve("adapter")).config();
    assertThat(config.text("task_type")).isEqualTo("SEQ_CLS");
    assertThat(config.text("base_model_name_or_path")).isEqualTo(model.toString());
    var base = Transformers.bertForSequenceClassification(model, List.of("bad", "good"));
    assertThat(PeftModel.load(base, trained.resolve("adapter")).adapters().names())
        .containsExactly("default");
  }

  @Test
  void evaluatesWhatItTrained() throws IOException {
    JsonNode found =
        Run.of("eval", "-m", model, "-a", trained.resolve("adapter"), "-d", test, "--json").json();
    assertThat(found.path("examples").intValue()).isEqualTo(60);
    for (String name : List.of("accuracy", "loss", "f1")) {
      // in batches of another size
      assertThat(found.path(name).doubleValue())
          .isCloseTo(report.path("eval_" + name).doubleValue(), within(1e-6));
    }
    Run words = Run.of("eval", "-m", model, "-a", trained.resolve("adapter"), "-d", test).ok();
    assertThat(words.lines())
        .startsWith("examples: 60")
        .anyMatch(l -> l.startsWith("accuracy: "))
        .anyMatch(l -> l.matches(" +precision +recall +f1-score +support"))
        .anyMatch(l -> l.matches(" +bad +[01]\\.[0-9]{4} +[01]\\.[0-9]{4} +[01]\\.[0-9]{4} +31"))
        .anyMatch(l -> l.matches(" +good( +[01]\\.[0-9]{4}){3} +29"))
        .last()
        .matches(l -> l.matches("weighted avg( +[01]\\.[0-9]{4}){3} +60"));
    assertThat(found.path("classes")).hasSize(2);
    JsonNode bad = found.path("classes").path(0);
    assertThat(bad.path("label").textValue()).isEqualTo("bad");
    assertThat(bad.path("support").intValue()).isEqualTo(31);
    for (String name : List.of("precision", "recall", "f1")) {
      assertThat(bad.path(name).doubleValue()).isBetween(0.5, 1.0);
    }
    assertThat(found.path("labels").toString()).isEqualTo("[\"bad\",\"good\"]");
    JsonNode counts = found.path("confusion");
    assertThat(counts.path(0).path(0).intValue() + counts.path(0).path(1).intValue()).isEqualTo(31);
    assertThat((counts.path(0).path(0).intValue() + counts.path(1).path(1).intValue()) / 60.0)
        .isCloseTo(found.path("accuracy").doubleValue(), within(1e-9));
  }

  @Test
  void predicts() throws IOException {
    Path adapter = trained.resolve("adapter");
    Run words =
        Run.of("predict", "-m", model, "-a", adapter, "the film was great", "a song is poor").ok();
    assertThat(words.lines()).hasSize(2);
    assertThat(words.lines().get(0)).matches("good\t[01]\\.[0-9]{4}\tthe film was great");
    assertThat(words.lines().get(1)).matches("bad\t[01]\\.[0-9]{4}\ta song is poor");
    Run json = Run.of("predict", "-m", model, "-a", adapter, "-d", train, "--json").ok();
    assertThat(json.lines()).hasSize(120);
    List<String> data = Files.readAllLines(train);
    for (int i = 0; i < 120; i++) {
      JsonNode line = Run.JSON.readTree(json.lines().get(i));
      JsonNode p = line.path("probabilities");
      assertThat(line.path("text")).isEqualTo(Run.JSON.readTree(data.get(i)).path("text"));
      assertThat(line.has("second_text")).isFalse();
      assertThat(line.path("label")).isEqualTo(Run.JSON.readTree(data.get(i)).path("label"));
      assertThat(p.path("good").doubleValue() + p.path("bad").doubleValue())
          .isBetween(0.9999, 1.0001);
    }
  }

  @Test
  void predictsWhatComesFromStandardInput() {
    InputStream before = System.in;
    try {
      System.setIn(
          new ByteArrayInputStream(
              "{\"text\": \"the book is boring\"}\n".getBytes(StandardCharsets.UTF_8)));
      Run run = Run.of("predict", "-m", model, "-a", trained.resolve("adapter"), "-d", "-").ok();
      assertThat(run.out()).startsWith("bad\t");
    } finally {
      System.setIn(before);
    }
  }

  @Test
  void mergesIntoAModelOfItsOwn() throws IOException {
    Path merged = folder.resolve("merged");
    JsonNode found =
        Run.of("merge", "-m", model, "-a", trained.resolve("adapter"), "-o", merged, "--json")
            .json();
    assertThat(found.path("model").textValue()).isEqualTo(merged.toString());
    JsonNode own = Run.of("eval", "-m", merged, "-d", test, "--json").json();
    assertThat(own.path("accuracy").doubleValue())
        .isEqualTo(report.path("eval_accuracy").doubleValue());
    assertThat(own.path("loss").doubleValue())
        .isCloseTo(report.path("eval_loss").doubleValue(), within(1e-4));
    Run again = Run.of("merge", "-m", model, "-a", trained.resolve("adapter"), "-o", merged);
    assertThat(again.code()).isEqualTo(2);
    assertThat(again.err()).contains("already exists");
  }

  @Test
  void goesOnFromACheckpoint() throws IOException {
    String[] options = {"--epochs", "4", "--lr", "1e-2", "--batch", "8", "--quiet", "--json"};
    Path run = folder.resolve("run");
    train(run, "--steps", "25", options);
    Run refused = Run.of("train", "-m", model, "-d", train, "-o", run, "--quiet");
    assertThat(refused.code()).isEqualTo(2);
    assertThat(refused.err()).contains("--resume");
    assertThat(Files.readAllLines(run.resolve("loss.csv"))).hasSize(26);
    JsonNode whole = train(folder.resolve("whole"), "--schedule", "constant", options);
    Path parts = folder.resolve("parts");
    Run.of(
            "train",
            "-m",
            model,
            "-d",
            train,
            "-e",
            test,
            "-o",
            parts,
            "--schedule",
            "constant",
            "--steps",
            25,
            "--warmup",
            0,
            "--epochs",
            4,
            "--lr",
            "1e-2",
            "--batch",
            8,
            "--quiet")
        .ok();
    Run.of(
            "train",
            "-m",
            model,
            "-d",
            train,
            "-e",
            test,
            "-o",
            parts,
            "--schedule",
            "constant",
            "--warmup",
            0,
            "--epochs",
            4,
            "--lr",
            "1e-2",
            "--batch",
            8,
            "--quiet",
            "--resume")
        .ok();
    assertThat(Files.readAllLines(parts.resolve("loss.csv")))
        .isEqualTo(Files.readAllLines(folder.resolve("whole/loss.csv")));
    assertThat(parts.resolve("adapter/adapter_model.safetensors"))
        .hasSameBinaryContentAs(folder.resolve("whole/adapter/adapter_model.safetensors"));
    assertThat(whole.path("steps").intValue()).isEqualTo(60);
  }

  private JsonNode train(Path out, String name, String value, String... options)
      throws IOException {
    Object[] args = new Object[11 + 2 + options.length];
    Object[] first = {
      "train", "-m", model, "-d", train, "-e", test, "-o", out, "--warmup", "0", name, value
    };
    System.arraycopy(first, 0, args, 0, first.length);
    System.arraycopy(options, 0, args, first.length, options.length);
    return Run.of(args).json();
  }

  @Test
  void inspects() throws IOException {
    Path adapter = trained.resolve("adapter");
    JsonNode a = Run.of("inspect", adapter, "--json", "--check").json();
    assertThat(a.path("kind").textValue()).isEqualTo("adapter");
    assertThat(a.path("config").path("r").intValue()).isEqualTo(8);
    // 2 layers, query and value, A and B of rank 8; the classifier
    assertThat(a.path("tensors")).hasSize(10);
    assertThat(a.path("parameters").intValue()).isEqualTo(4 * 2 * 8 * 16 + 2 * 16 + 2);
    assertThat(a.path("tensors").findValuesAsText("name"))
        .contains("base_model.model.bert.encoder.layer.0.attention.self.query.lora_A.weight");
    assertThat(Run.of("inspect", adapter).ok().lines())
        .contains("kind: adapter", "config.peft_type: LORA", "tensors: 10")
        .noneMatch(l -> l.endsWith(": null"));
    JsonNode file = Run.of("inspect", model.resolve("model.safetensors"), "--json").json();
    assertThat(file.path("kind").textValue()).isEqualTo("safetensors");
    assertThat(file.path("metadata").path("format").textValue()).isEqualTo("pt");
    JsonNode m = Run.of("inspect", model, "--json").json();
    assertThat(m.path("kind").textValue()).isEqualTo("model");
    assertThat(m.path("parameters")).isEqualTo(file.path("parameters"));
    JsonNode c = Run.of("inspect", trained.resolve("checkpoints/checkpoint-60"), "--json").json();
    assertThat(c.path("kind").textValue()).isEqualTo("checkpoint");
    assertThat(c.path("step").intValue()).isEqualTo(60);
    JsonNode all = Run.of("inspect", trained.resolve("checkpoints"), "--json").json();
    assertThat(all.path("adapters")).isNotEmpty();
    Run none = Run.of("inspect", folder);
    assertThat(none.code()).isEqualTo(1);
    assertThat(none.err()).contains("has neither adapter_config.json nor config.json");
    Run missing = Run.of("inspect", folder.resolve("nothing"));
    assertThat(missing.code()).isEqualTo(1);
    assertThat(missing.err())
        .isEqualTo(
            "peft4j inspect: "
                + folder.resolve("nothing")
                + ": does not exist"
                + System.lineSeparator());
  }

  @Test
  void listsDevices() throws IOException {
    assertThat(Run.of("devices").ok().lines())
        .anyMatch(l -> l.matches("cpu +cpu +[0-9.]+ GiB  Java and OpenBLAS, .* \\(default\\)"))
        .contains("fake:1       accelerator     2.5 GiB  Test driver, A slow one")
        .contains(
            "fake:2       gpu             8.0 GiB  Test driver, A fast one, products by"
                + " cuFAKE 1 (/lib/x): float32, tf32");
    assertThat(Run.of("devices").ok().err())
        .contains("missing: the third card is not plugged in: plug it in");
    List<String> lines = Run.of("devices", "--json").ok().lines();
    JsonNode cpu = Run.JSON.readTree(lines.getFirst());
    assertThat(cpu.path("id").textValue()).isEqualTo("cpu");
    assertThat(cpu.path("memory").longValue()).isGreaterThan(1 << 20);
    assertThat(cpu.path("default").booleanValue()).isTrue();
    assertThat(lines)
        .contains(
            "{\"id\":\"fake:0\",\"type\":\"gpu\",\"name\":\"A card\",\"driver\":\"Test driver\","
                + "\"memory\":1073741824,\"free_memory\":1073741824,\"library\":null,"
                + "\"precisions\":[\"float32\"],\"default\":false}",
            "{\"missing\":\"the third card is not plugged in: plug it in\"}");
  }

  @Test
  void saysWhyThereAreNoAccelerators() {
    Run devices = Run.of("devices").ok();
    // where a TornadoVM is installed the backend is available, and wants flags or finds devices
    if (devices.out().contains("tornado")) {
      assertThat(devices.err()).doesNotContain("no accelerators");
    } else {
      assertThat(devices.err())
          .contains("no accelerators: ")
          .containsPattern("install TornadoVM|sdk install tornadovm|without TornadoVM's flags");
    }
  }

  @Test
  void computesOnTheDeviceThatWasAskedFor() throws IOException {
    Path adapter = trained.resolve("adapter");
    for (String device : List.of("fake:gpu", "reference")) {
      int before = FakeDevices.opened();
      JsonNode found =
          Run.of("eval", "-m", model, "-a", adapter, "-d", test, "--device", device, "--json")
              .json();
      assertThat(found.path("accuracy").doubleValue())
          .isEqualTo(report.path("eval_accuracy").doubleValue());
      assertThat(FakeDevices.opened() - before).isEqualTo(device.equals("fake:gpu") ? 1 : 0);
    }
    assertThat(
            Run.of(
                    "eval",
                    "-m",
                    model,
                    "-a",
                    adapter,
                    "-d",
                    test,
                    "--device",
                    "fake:2",
                    "--precision",
                    "TF32",
                    "--json")
                .json()
                .path("accuracy")
                .doubleValue())
        .isEqualTo(report.path("eval_accuracy").doubleValue());
    assertThat(FakeDevices.precision()).isEqualTo(Precision.TF32);
    for (String[] wrong : new String[][] {{"fake:2", "bf16"}, {"cpu", "tf32"}}) {
      Run lacks =
          Run.of("eval", "-m", model, "-d", test, "--device", wrong[0], "--precision", wrong[1]);
      assertThat(lacks.code()).isEqualTo(1);
      assertThat(lacks.err())
          .contains("has no products of precision " + wrong[1] + ", it has float32");
    }
    Run unknown = Run.of("eval", "-m", model, "-d", test, "--precision", "double");
    assertThat(unknown.code()).isEqualTo(2);
    assertThat(unknown.err()).contains("--precision is \"double\", expected float32, tf32 or bf16");
    Run flags = Run.of("devices", "--jvm-flags", folder.resolve("flags"));
    assertThat(flags.err())
        .containsPattern("no provider of devices named 'tornado'|flags: |TornadoVM");
    Run none = Run.of("predict", "-m", model, "-a", adapter, "a film", "--device", "abacus");
    assertThat(none.code()).isEqualTo(1);
    assertThat(none.err())
        .contains("no device or backend named 'abacus'; there are the devices [cpu (")
        .contains("fake:0 (A card, gpu, Test driver, 1024 MiB)");
    Run number = Run.of("train", "-m", model, "-d", train, "-o", folder, "--device", "fake:7");
    assertThat(number.code()).isEqualTo(1);
    assertThat(number.err()).contains("no device named 'fake:7'; there are fake:0");
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "train", "eval", "predict", "merge", "inspect", "devices"})
  void eachCommandHelps(String command) {
    Run run = command.isEmpty() ? Run.of("--help") : Run.of(command, "--help");
    assertThat(run.ok().out()).contains("Usage: peft4j").contains("--help").contains("--version");
    assertThat(run.out()).contains("Exit codes:").contains("the command line is wrong");
    assertThat(run.err()).isEmpty();
    boolean computes = List.of("train", "eval", "predict", "merge").contains(command);
    assertThat(run.out().contains("--device=NAME")).isEqualTo(computes);
    assertThat(run.out().contains("--json")).isEqualTo(!command.isEmpty());
  }

  @Test
  void wrongCommandLinesAreErrorsOfTheUser() {
    assertThat(Run.of().code()).isEqualTo(2);
    assertThat(Run.of("fly").code()).isEqualTo(2);
    assertThat(Run.of("train").code()).isEqualTo(2);
    assertThat(Run.of("devices", "--jsn").err()).contains("Unknown option: '--jsn'");
    assertThat(Run.of("predict", "-m", model).err()).contains("needed are either texts or --data");
    Run batch = Run.of("train", "-m", model, "-d", train, "-o", folder, "--batch", 0);
    assertThat(batch.code()).isEqualTo(2);
    assertThat(batch.err()).contains("--batch is 0, must be at least 1");
    Run length = Run.of("eval", "-m", model, "-d", test, "--max-length", 1000);
    assertThat(length.code()).isEqualTo(2);
    assertThat(length.err()).contains("--max-length is 1000, the model takes 1 to 24 tokens");
    assertThat(Run.of("train", "-m", model, "-d", train, "-o", folder, "--patience", 2).err())
        .contains("--patience needs data to evaluate on");
  }

  @Test
  void whatCannotBeDoneIsASentence() throws IOException {
    Path adapter = trained.resolve("adapter");
    Run noModel = Run.of("eval", "-m", folder.resolve("none"), "-d", test);
    assertThat(noModel.code()).isEqualTo(1);
    assertThat(noModel.err().lines()).hasSize(1).first().asString().startsWith("peft4j eval: ");
    Path other = folder.resolve("other.jsonl");
    Files.writeString(other, "{\"text\": \"the film\", \"label\": \"meh\"}\n");
    Run label = Run.of("eval", "-m", model, "-a", adapter, "-d", other);
    assertThat(label.code()).isEqualTo(1);
    assertThat(label.err())
        .contains(
            other
                + ": line 1, column 31: the label \"meh\" is not known, expected one of \"bad\","
                + " \"good\"");
    Files.writeString(other, "{\"text\": \"the film\", \"label\": \"good\"}\n{\"txt\": \"x\"}\n");
    assertThat(Run.of("train", "-m", model, "-d", other, "-o", folder.resolve("o")).err())
        .contains(other + ": line 2: has no \"text\"; it has [txt]");
    Run wild =
        Run.of(
            "train",
            "-m",
            model,
            "-d",
            train,
            "-o",
            folder.resolve("wild"),
            "--lr",
            "1e30",
            "--clip",
            0,
            "--schedule",
            "constant",
            "--warmup",
            0,
            "--quiet");
    assertThat(wild.code()).isEqualTo(1);
    assertThat(wild.err()).contains("the loss is ").contains("parameter '").contains("checkpoint");
  }
}
