package dev.peft4j.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Numbers that are none never pass as a result. */
class NonFiniteTest {
  private static final String LORA =
      "base_model.model.bert.encoder.layer.1.attention.self.value.lora_B.weight";

  @TempDir static Path shared;
  @TempDir Path folder;
  private static Path model;
  private static Path data;
  private static Path adapter;

  @BeforeAll
  static void train() throws IOException {
    model = TinyModel.write(shared.resolve("model"));
    data = shared.resolve("data.jsonl");
    Files.writeString(data, TinyModel.jsonLines(8, 1));
    Path run = shared.resolve("run");
    Run.of("train", "-m", model, "-d", data, "-o", run, "--epochs", 1, "--quiet").ok();
    adapter = run.resolve("adapter");
  }

  private List<Run> all(Path model, Path adapter) {
    List<Run> runs = new ArrayList<>();
    runs.add(Run.of("predict", "-m", model, "-a", adapter, "the film"));
    runs.add(Run.of("eval", "-m", model, "-a", adapter, "-d", data, "--json"));
    runs.add(Run.of("merge", "-m", model, "-a", adapter, "-o", folder.resolve("merged")));
    assertThat(folder.resolve("merged")).doesNotExist();
    return runs;
  }

  @ParameterizedTest
  @CsvSource({LORA + ", NaN", LORA + ", -Infinity", "base_model.model.classifier.bias, Infinity"})
  void anAdapterIsNamedWithItsTensor(String tensor, float value) throws IOException {
    Path bad = Tampered.copy(adapter, folder.resolve("adapter"));
    Tampered.fill(bad.resolve("adapter_model.safetensors"), tensor, value);
    for (Run run : all(model, bad)) {
      run.failed(bad + "/adapter_model.safetensors: ", "'" + tensor + "' has 1 of ", "" + value);
    }
  }

  @ParameterizedTest
  @CsvSource({
    "bert.encoder.layer.0.output.dense.weight, NaN",
    "bert.embeddings.word_embeddings.weight, NaN", // of the padding, which nothing reads here
    "bert.pooler.dense.bias, Infinity" // which tanh takes for 1
  })
  void aBaseIsNamedWithItsWeight(String tensor, float value) throws IOException {
    Path bad = Tampered.copy(model, folder.resolve("model"));
    Tampered.fill(bad.resolve("model.safetensors"), tensor, value);
    List<Run> runs = all(bad, adapter);
    runs.add(Run.of("predict", "-m", bad, "the film"));
    runs.add(Run.of("eval", "-m", bad, "-d", data));
    Path out = folder.resolve("run");
    runs.add(Run.of("train", "-m", bad, "-d", data, "-o", out, "--quiet"));
    for (Run run : runs) {
      run.failed(bad + ": ", "'" + tensor + "' has 1 of ", "the first " + value);
    }
    assertThat(out).doesNotExist();
  }

  @Test
  void theClassifierIsLookedAtUnlessItIsReplaced() throws IOException {
    Path bad = Tampered.copy(model, folder.resolve("model"));
    Tampered.fill(bad.resolve("model.safetensors"), "classifier.weight", Float.NaN);
    Run.of("predict", "-m", bad, "the film").failed(bad + ": ", "'classifier.weight' has 1 of 32");
    Run.of("eval", "-m", bad, "-d", data).failed("'classifier.weight'");
    Run.of("predict", "-m", bad, "-a", adapter, "the film").ok();
    Path out = folder.resolve("run");
    Run.of("train", "-m", bad, "-d", data, "-o", out, "--quiet", "--epochs", 1).ok();
  }

  /** All weights are finite; what they compute is not. */
  @Test
  void numbersThatOverflowAreASentenceToo() throws IOException {
    Path wild = Tampered.copy(model, folder.resolve("model"));
    Tampered.fill(wild.resolve("model.safetensors"), "classifier.weight", 3e38f, 3e38f, -3e38f);
    Run.of("predict", "-m", wild, "the film", "a song")
        .failed("the scores of text ", "needed finite numbers", "all weights are finite")
        .failed("3.0E38, is in 'classifier.weight'");
    Run.of("eval", "-m", wild, "-d", data).failed("the scores of the example in line ");
    Path bad = Tampered.copy(adapter, folder.resolve("adapter"));
    Tampered.fill(bad.resolve("adapter_model.safetensors"), LORA, 1e38f, 1e38f);
    String a = LORA.replace("lora_B", "lora_A");
    Tampered.fill(bad.resolve("adapter_model.safetensors"), a, 1e38f, 1e38f);
    Run.of("merge", "-m", model, "-a", bad, "-o", folder.resolve("merged"))
        .failed("bert.encoder.layer.1.attention.self.value.weight");
    assertThat(folder.resolve("merged")).doesNotExist();
  }

  @Test
  void aScaleThatOverflowsIsNamed() throws IOException {
    Path bad = Tampered.copy(adapter, folder.resolve("adapter"));
    Tampered.fill(bad.resolve("adapter_model.safetensors"), LORA, 1, 1);
    Path config = bad.resolve("adapter_config.json");
    Files.writeString(
        config, Files.readString(config).replaceAll("(\"lora_alpha\": )[^,]+", "$11e308"));
    Run.of("predict", "-m", model, "-a", bad, "the film").failed("lora_alpha");
    Run.of("merge", "-m", model, "-a", bad, "-o", folder.resolve("merged"))
        .failed("into 'bert.encoder.layer.");
    assertThat(folder.resolve("merged")).doesNotExist();
  }

  @Test
  void aLayerThatNobodyTrainedGivesNoLabels() throws IOException {
    Path headless = Tampered.copy(model, folder.resolve("model"));
    Tampered.drop(headless.resolve("model.safetensors"), "classifier.");
    Run.of("predict", "-m", headless, "the film")
        .failed(headless + ": has no classifier (classifier.weight); name one with --adapter");
    Run.of("eval", "-m", headless, "-d", data).failed("has no classifier");
    Run.of("predict", "-m", headless, "-a", adapter, "the film").ok();
    Path lora = Tampered.copy(adapter, folder.resolve("adapter"));
    Tampered.drop(lora.resolve("adapter_model.safetensors"), "base_model.model.classifier.");
    Run.of("predict", "-m", headless, "-a", lora, "the film")
        .failed("has no classifier (classifier.weight), nor has the adapter " + lora);
  }

  /** Logits of 200 and 0: torch's cross_entropy gives 200.0 for the second class. */
  @Test
  void aLargeLossIsANumber() throws IOException {
    Path sure = Tampered.copy(model, folder.resolve("model"));
    Tampered.fill(sure.resolve("model.safetensors"), "classifier.weight", 0, 0);
    Tampered.fill(sure.resolve("model.safetensors"), "classifier.bias", 200, 0);
    Path one = folder.resolve("one.jsonl");
    Files.writeString(one, "{\"text\": \"fine\", \"label\": \"good\"}\n");
    assertThat(Run.of("eval", "-m", sure, "-d", one, "--json").json().path("loss").doubleValue())
        .isEqualTo(200.0);
    Tampered.fill(sure.resolve("model.safetensors"), "classifier.bias", 95, 0);
    assertThat(Run.of("eval", "-m", sure, "-d", one).ok().lines()).contains("loss: 95.0000");
  }

  @Test
  void trainingThatDivergesNamesTheParameter() {
    Path out = folder.resolve("run");
    Object[] args = {
      "train",
      "-m",
      model,
      "-d",
      data,
      "-o",
      out,
      "--lr",
      "1e30",
      "--clip",
      0,
      "--warmup",
      0,
      "--schedule",
      "constant",
      "--quiet"
    };
    Run.of(args).failed("parameter '");
    assertThat(out.resolve("adapter")).doesNotExist();
  }
}
