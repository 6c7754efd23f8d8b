package dev.peft4j.samples.golden;

import static org.assertj.core.api.Assertions.assertThat;

import dev.peft4j.backend.Backend;
import dev.peft4j.backend.Backends;
import dev.peft4j.io.SafeTensors;
import dev.peft4j.io.StoredTensor;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.io.UncheckedIOException;
import java.net.URISyntaxException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.UnaryOperator;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

class GoldenTest {
  private final ByteArrayOutputStream out = new ByteArrayOutputStream();
  private final ByteArrayOutputStream err = new ByteArrayOutputStream();
  private @TempDir Path cases;
  private Path seedLora;

  /** Every case in the resources on every backend. */
  static List<Arguments> casesAndBackends() throws IOException {
    try (Stream<Path> folders = Files.list(resources())) {
      return folders
          .sorted()
          .flatMap(c -> Backends.all().stream().map(b -> Arguments.of(c.getFileName(), b.name())))
          .toList();
    }
  }

  @BeforeEach
  void copyOneCase() throws IOException {
    seedLora = cases.resolve("seed-lora");
    copy(resources().resolve("seed-lora"), seedLora);
  }

  @ParameterizedTest(name = "{0} on {1}")
  @MethodSource("casesAndBackends")
  void agreesWithPeft(Path name, String backend) {
    Backend b = Backends.named(backend);
    CaseResult result = Backends.with(b, () -> CaseRunner.run(resources().resolve(name)));
    assertThat(result.status()).as(result.toString()).isEqualTo(CaseResult.Status.OK);
    assertThat(result.differences()).hasSize(5).noneMatch(d -> d.toString().contains("-  "));
  }

  @Test
  void printsALineACaseAndTheTotals() throws IOException {
    write(cases.resolve("other/case.json"), "{\"tuner\": \"NEW\", \"model\": \"mlp\"}");
    assertThat(run(cases)).isTrue();
    assertThat(lines())
        .satisfiesExactly(
            l -> assertThat(l).isEqualTo("other      unsupported: tuner NEW"),
            l ->
                assertThat(l)
                    .matches(
                        "seed-lora  output \\S+  loss \\S+  gradients \\S+  step 3 \\S+  merge \\S+"
                            + "  ok"),
            l -> assertThat(l).isEqualTo("1 passed, 0 failed, 1 skipped"));
  }

  @Test
  void runsTheFolderOfOneCase() {
    assertThat(run(seedLora)).isTrue();
    assertThat(lines()).last().isEqualTo("1 passed, 0 failed, 0 skipped");
  }

  @Test
  void refusesWhatHoldsNoCases() throws IOException {
    assertThat(run(cases.resolve("nowhere"))).isFalse();
    assertThat(run(Files.createDirectory(cases.resolve("empty")))).isFalse();
    assertThat(out.size()).isZero();
    assertThat(err.toString(StandardCharsets.UTF_8).lines())
        .satisfiesExactly(
            l -> assertThat(l).contains("nowhere is not a folder"),
            l -> assertThat(l).contains("there is no case in").contains("empty"));
  }

  @ParameterizedTest(name = "{0}")
  @MethodSource("tensorsToSpoil")
  void aSpoiltNumberFails(String tensor, String column) throws IOException {
    change(
        seedLora.resolve("io.safetensors"),
        tensor,
        v -> {
          v[0] += 1e-3f;
          return v;
        });
    assertFails(column + " differs by", tensor);
  }

  static List<Arguments> tensorsToSpoil() {
    String b = "base_model.model.linear.lora_B.default.weight";
    return List.of(
        Arguments.of("eval_output", "output"),
        Arguments.of("output", "output"),
        Arguments.of("loss", "loss"),
        Arguments.of("grad." + b, "gradients"),
        Arguments.of("step3." + b, "step 3"),
        Arguments.of("merged.linear.weight", "merge"),
        Arguments.of("merged_output", "merge"));
  }

  @Test
  void aNumberThatIsNoneFails() throws IOException {
    change(
        seedLora.resolve("io.safetensors"),
        "output",
        v -> {
          v[1] = Float.NaN;
          return v;
        });
    assertFails("output differs by");
  }

  @Test
  void missingTensorsFail() throws IOException {
    change(seedLora.resolve("io.safetensors"), "merged_output", v -> null);
    assertFails("merged_output");
  }

  @Test
  void anotherAdapterFails() throws IOException {
    Path weights = seedLora.resolve("adapter/adapter_model.safetensors");
    change(weights, "base_model.model.linear.lora_B.weight", v -> null);
    assertFails("1 missing", "base_model.model.linear.lora_B.weight");
  }

  @Test
  void otherNamesFail() throws IOException {
    Path params = seedLora.resolve("params.txt");
    Files.writeString(params, Files.readString(params).replace("lora_A", "lora_X"));
    assertFails("parameters differ", "lora_X");
  }

  @Test
  void otherTrainableParametersFail() throws IOException {
    Path json = seedLora.resolve("case.json");
    Files.writeString(json, Files.readString(json).replace("linear.lora_B", "linear.lora_Y"));
    assertFails("trainable parameters differ", "lora_Y");
  }

  @Test
  void brokenFilesFail() throws IOException {
    write(seedLora.resolve("io.safetensors"), "");
    assertFails("io.safetensors");
    copy(resources().resolve("seed-lora"), seedLora);
    write(seedLora.resolve("case.json"), "{");
    assertFails("case.json");
    Files.delete(seedLora.resolve("case.json"));
    assertFails("no case.json");
  }

  @Test
  void settingsThatAreNotThereYetAreUnsupported() throws IOException {
    Path config = seedLora.resolve("adapter/adapter_config.json");
    Files.writeString(
        config, Files.readString(config).replace("\"use_qalora\": false", "\"use_qalora\": true"));
    assertThat(run(cases)).isTrue();
    assertThat(lines().getFirst()).contains("unsupported: ").contains("use_qalora is true");
  }

  private void assertFails(String... reasons) {
    out.reset();
    assertThat(run(cases)).isFalse();
    assertThat(lines()).hasSize(2);
    assertThat(lines().getFirst()).contains("FAILED: ").contains(reasons);
    assertThat(lines().getLast()).isEqualTo("0 passed, 1 failed, 0 skipped");
  }

  private boolean run(Path folder) {
    return Golden.run(folder, stream(out), stream(err));
  }

  private static PrintStream stream(ByteArrayOutputStream to) {
    return new PrintStream(to, true, StandardCharsets.UTF_8);
  }

  private List<String> lines() {
    return out.toString(StandardCharsets.UTF_8).lines().toList();
  }

  /** Rewrites a file with one tensor changed, or left out if the change gives null. */
  private static void change(Path file, String tensor, UnaryOperator<float[]> change)
      throws IOException {
    SafeTensors before = SafeTensors.open(file);
    Map<String, StoredTensor> after = new LinkedHashMap<>();
    for (String name : before.names()) {
      StoredTensor t = before.tensor(name);
      t = new StoredTensor(t.shape(), t.storage().copy());
      if (name.equals(tensor)) {
        float[] values = change.apply(t.storage().toFloats());
        t = values == null ? null : StoredTensor.of(values, t.shape().toArray());
      }
      if (t != null) {
        after.put(name, t);
      }
    }
    SafeTensors.write(file, after);
  }

  private static void write(Path file, String text) throws IOException {
    Files.createDirectories(file.getParent());
    Files.writeString(file, text);
  }

  private static void copy(Path from, Path to) throws IOException {
    try (Stream<Path> all = Files.walk(from)) {
      for (Path p : all.toList()) {
        Path target = to.resolve(from.relativize(p).toString());
        if (Files.isDirectory(p)) {
          Files.createDirectories(target);
        } else {
          Files.write(target, Files.readAllBytes(p));
        }
      }
    }
  }

  private static Path resources() {
    try {
      return Path.of(GoldenTest.class.getResource("/golden").toURI());
    } catch (URISyntaxException e) {
      throw new UncheckedIOException(new IOException(e));
    }
  }
}
