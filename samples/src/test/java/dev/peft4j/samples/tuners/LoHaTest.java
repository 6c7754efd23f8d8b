package dev.peft4j.samples.tuners;

import static org.assertj.core.api.Assertions.assertThat;

import dev.peft4j.data.Rng;
import dev.peft4j.nn.Conv1d;
import dev.peft4j.nn.Conv2d;
import dev.peft4j.nn.Embedding;
import dev.peft4j.nn.Linear;
import dev.peft4j.nn.Module;
import dev.peft4j.nn.NamedParameter;
import dev.peft4j.optim.AdamW;
import dev.peft4j.tensor.Tensor;
import dev.peft4j.tuner.loha.LoHa;
import dev.peft4j.tuner.loha.LoHaConfig;
import java.io.IOException;
import java.io.StringWriter;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.ServiceLoader;
import javax.annotation.processing.Processor;
import javax.tools.ToolProvider;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** {@code @LoHa} on a class, from the annotation to the file. */
class LoHaTest {
  /** The essay's way, with another tuner. */
  @LoHa(target = "fc1", r = 4, alpha = 8)
  static class Net extends Module {
    final Linear fc1 = new Linear(6, 5);
    final Linear fc2 = new Linear(5, 2);
    final Conv1d wave = new Conv1d(1, 1, 2);
    final Conv2d picture = new Conv2d(1, 1, 2);
    final Embedding words = new Embedding(3, 2);

    Tensor forward(Tensor x) {
      return fc2.forward(fc1.forward(x).tanh());
    }
  }

  private @TempDir Path folder;
  private final Tensor x = Tensor.of(new Rng(1).normal(24, 0, 1), 4, 6);
  private final Tensor y = Tensor.of(new long[] {0, 1, 1, 0}, 4);

  @Test
  void theGeneratedClassTrainsSavesAndLoads() {
    LoHaTest_NetPeft model = Rng.with(3, LoHaTest_NetPeft::new);
    assertThat(model.adapters().config("default"))
        .isEqualTo(LoHaConfig.builder().targets("fc1").r(4).alpha(8).build());
    assertThat(
            model.namedParameters().stream()
                .filter(p -> p.parameter().trainable())
                .map(NamedParameter::name))
        .containsExactly(
            "base_model.model.fc1.hada_w1_a.default",
            "base_model.model.fc1.hada_w1_b.default",
            "base_model.model.fc1.hada_w2_a.default",
            "base_model.model.fc1.hada_w2_b.default");
    AdamW optimizer = AdamW.of(model.trainableParameters(), 0.05f);
    float first = model.forward(x).crossEntropy(y).item();
    for (int i = 0; i < 20; i++) {
      model.forward(x).crossEntropy(y).backward();
      optimizer.step();
    }
    assertThat(model.forward(x).crossEntropy(y).item()).isLessThan(0.9f * first);
    model.save(folder);
    var loaded = LoHaTest_NetPeft.adapt(Rng.with(3, Net::new));
    loaded.load(folder);
    assertThat(loaded.call(m -> m.forward(x)).toFloats()).isEqualTo(model.forward(x).toFloats());
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '\'',
      value = {
        "target = \"fc\" | PEFT040: Net has no module called \"fc\". Did you mean \"fc1\" or"
            + " \"fc2\"?",
        "target = \"words\" | PEFT042: The target \"words\" names words (Embedding), which takes no"
            + " LoHa adapter: only Linear, Conv1d and Conv2d do.",
        "target = \"fc1\", r = 0 | PEFT024: r should be a positive integer value but the value"
            + " passed is 0",
        "target = \"fc1\", alpha = 0 | PEFT025: alpha has to be a finite number greater than 0",
        "target = \"fc1\", rankDropout = 1 | PEFT037: rankDropout is 1.0. Write at least 0 and less"
            + " than 1.",
        "target = \"fc1\", moduleDropout = 1.5 | PEFT037: moduleDropout is 1.5. Write at least 0"
            + " and at most 1.",
        "target = \"fc1\", layers = -1 | PEFT034: A layer's index is at least 0 but is -1.",
        "r = 4 | PEFT020: @LoHa names no layer for the adapter."
      })
  void whatIsWrongIsACompileError(String members, String says) throws IOException {
    assertThat(compile(members)).contains("error: " + says);
  }

  @Test
  void everySettingReachesTheGeneratedClass() throws IOException {
    assertThat(
            compile(
                "target = {\"fc1\", \"picture\"}, r = 2, alpha = 3, rankDropout = 0.1,"
                    + " moduleDropout = 0.2, useEffectiveConv2d = true, initWeights = false,"
                    + " rankPattern = @dev.peft4j.annotation.RankPattern(key = \"fc1\", r = 1)"))
        .isEmpty();
    assertThat(Files.readString(folder.resolve("NetPeft.java")).replaceAll("\\s+", ""))
        .contains(
            "LoHaConfig.builder().targets(\"fc1\",\"picture\").r(2).alpha(3).rankDropout(0.1)"
                + ".moduleDropout(0.2).useEffectiveConv2d(true).initWeights(false)"
                + ".rankPattern(\"fc1\",1).build()",
            "{@codedefault}isaLoHaadapterwithrank2andalpha3:");
  }

  private String compile(String members) throws IOException {
    Path source = folder.resolve("Net.java");
    Files.writeString(
        source,
        """
        import dev.peft4j.nn.*;
        import dev.peft4j.nn.Module;
        import dev.peft4j.tuner.loha.LoHa;

        @LoHa(MEMBERS)
        public class Net extends Module {
          final Linear fc1 = new Linear(2, 2);
          final Linear fc2 = new Linear(2, 2);
          final Conv2d picture = new Conv2d(1, 1, 2);
          final Embedding words = new Embedding(3, 2);
        }
        """
            .replace("MEMBERS", members));
    var compiler = ToolProvider.getSystemJavaCompiler();
    var messages = new StringWriter();
    try (var files = compiler.getStandardFileManager(null, null, StandardCharsets.UTF_8)) {
      var task =
          compiler.getTask(
              messages,
              files,
              null,
              List.of("-d", folder.toString(), "-s", folder.toString(), "-cp", classPath()),
              null,
              files.getJavaFileObjects(source));
      task.setProcessors(
          ServiceLoader.load(Processor.class).stream()
              .filter(p -> p.type().getName().startsWith("dev.peft4j."))
              .map(ServiceLoader.Provider::get)
              .toList());
      task.call();
    }
    return messages.toString();
  }

  private static String classPath() {
    return System.getProperty("surefire.test.class.path", System.getProperty("java.class.path"));
  }
}
