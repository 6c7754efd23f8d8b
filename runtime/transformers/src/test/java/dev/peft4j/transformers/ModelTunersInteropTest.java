package dev.peft4j.transformers;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.peft4j.data.Rng;
import dev.peft4j.io.SafeTensors;
import dev.peft4j.nn.Parameter;
import dev.peft4j.tensor.Tensor;
import dev.peft4j.tuner.AdaptedModel;
import dev.peft4j.tuner.CallInputs;
import dev.peft4j.tuner.PeftConfig;
import dev.peft4j.tuner.PeftModel;
import dev.peft4j.tuner.adaptionprompt.AdaptionPromptConfig;
import dev.peft4j.tuner.cartridge.CartridgeConfig;
import dev.peft4j.tuner.cpt.CptConfig;
import dev.peft4j.tuner.multitaskprompttuning.MultitaskPromptTuningConfig;
import dev.peft4j.tuner.prefixtuning.PrefixTuningConfig;
import dev.peft4j.tuner.prompttuning.PromptTuningConfig;
import dev.peft4j.tuner.ptuning.PTuningConfig;
import dev.peft4j.tuner.ptuning.PromptEncoderType;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Files of tuners of the whole model both ways: what is saved here peft computes with, and the
 * other way round. Needs a Python with peft and transformers, the one that the environment variable
 * PEFT4J_PYTHON names, else {@code python3} on the path; skipped without.
 */
class ModelTunersInteropTest {
  /** What the script says when a module is not there. */
  private static final int NO_PEFT = 42;

  private static final Tensor IDS =
      Tensor.of(new int[] {3, 1, 4, 1, 5, 9, 2, 6, 5, 3, 5, 8, 9, 7}, 2, 7);

  private @TempDir Path folder;

  private static CausalLm model() {
    DecoderConfig config =
        DecoderConfig.builder()
            .vocabSize(29)
            .hiddenSize(16)
            .layers(2)
            .heads(4)
            .kvHeads(2)
            .headDim(4)
            .intermediateSize(24)
            .maxPositions(64)
            .initializerRange(0.4)
            .tied(false)
            .style(DecoderStyle.builder().normEps(1e-5).build())
            .build();
    CausalLm model = Rng.with(new Rng(4), () -> new LlamaForCausalLM(config));
    model.eval();
    return model;
  }

  private static Map<String, PeftConfig> cases() {
    Map<String, PeftConfig> all = new LinkedHashMap<>();
    String task = "CAUSAL_LM";
    all.put("prompt", PromptTuningConfig.builder().virtualTokens(3).taskType(task).build());
    all.put(
        "p-mlp",
        PTuningConfig.builder().virtualTokens(3).encoderHiddenSize(5).taskType(task).build());
    all.put(
        "p-lstm",
        PTuningConfig.builder()
            .virtualTokens(3)
            .encoder(PromptEncoderType.LSTM)
            .encoderHiddenSize(4)
            .taskType(task)
            .build());
    all.put("prefix", PrefixTuningConfig.builder().virtualTokens(3).taskType(task).build());
    all.put(
        "prefix-projection",
        PrefixTuningConfig.builder()
            .virtualTokens(3)
            .projection(true)
            .encoderHiddenSize(5)
            .taskType(task)
            .build());
    all.put(
        "multitask",
        MultitaskPromptTuningConfig.builder()
            .virtualTokens(3)
            .tasks(2)
            .ranks(2)
            .taskType(task)
            .build());
    all.put(
        "cartridge",
        CartridgeConfig.builder().virtualTokens(4).frozenTokens(1).taskType(task).build());
    all.put(
        "cpt",
        CptConfig.builder()
            .tokenIds(4, 5, 6, 7)
            .typeMask(1, 2, 3, 4)
            .epsilon(2)
            .formatEpsilon(1)
            .taskType(task)
            .build());
    all.put(
        "adaption", AdaptionPromptConfig.builder().length(3).lastLayers(2).taskType(task).build());
    return all;
  }

  private static float[] logits(CausalLm model) {
    return CallInputs.with(
        "task_ids", Tensor.of(new long[] {1, 0}), () -> model.forward(IDS).toFloats());
  }

  @Test
  void bothWays() throws Exception {
    Map<String, float[]> ours = new LinkedHashMap<>();
    model().save(folder.resolve("base.safetensors"));
    for (Map.Entry<String, PeftConfig> e : cases().entrySet()) {
      CausalLm model = model();
      AdaptedModel<CausalLm> adapted = Rng.with(3, () -> PeftModel.of(model, e.getValue()));
      Rng rng = new Rng(9);
      for (Parameter p : adapted.trainableParameters()) {
        float[] v = p.own().toFloats();
        float[] d = rng.normal(v.length, 0, 0.2f);
        for (int i = 0; i < v.length; i++) {
          v[i] += d[i];
        }
        p.set(v);
      }
      adapted.eval();
      adapted.save(folder.resolve(e.getKey()).resolve("adapter"));
      ours.put(e.getKey(), logits(model));
    }
    runPython();
    for (String name : cases().keySet()) {
      Path c = folder.resolve(name);
      close(name + " saved here", output(c.resolve("peft.safetensors")), ours.get(name));
      for (String saved : List.of("again", "there")) {
        CausalLm model = model();
        PeftModel.load(model, c.resolve(saved));
        model.eval();
        Path theirs = c.resolve(saved.equals("again") ? "peft.safetensors" : "there.safetensors");
        close(name + " saved by peft, " + saved, logits(model), output(theirs));
      }
    }
  }

  private static float[] output(Path file) throws IOException {
    return SafeTensors.open(file).storage("output").toFloats();
  }

  private static void close(String what, float[] found, float[] expected) {
    assertThat(found).as(what).hasSameSizeAs(expected);
    for (int i = 0; i < found.length; i++) {
      assertThat((double) found[i])
          .as(what)
          .isCloseTo(expected[i], within(2e-5 * Math.max(1, Math.abs(expected[i]))));
    }
  }

  private void runPython() throws Exception {
    String python = Objects.requireNonNullElse(System.getenv("PEFT4J_PYTHON"), "python3");
    Path script = folder.resolve("model_tuners.py");
    try (InputStream in =
        Objects.requireNonNull(
            ModelTunersInteropTest.class.getResourceAsStream("model_tuners.py"))) {
      Files.copy(in, script);
    }
    Path log = folder.resolve("log");
    Process process;
    try {
      process =
          new ProcessBuilder(List.of(python, script.toString(), folder.toString()))
              .redirectErrorStream(true)
              .redirectOutput(log.toFile())
              .start();
    } catch (IOException e) {
      Assumptions.abort("there is no Python: " + e.getMessage());
      return;
    }
    assertThat(process.waitFor(300, TimeUnit.SECONDS)).isTrue();
    try (Stream<String> lines = Files.lines(log)) {
      String tail = String.join("\n", lines.toList());
      Assumptions.assumeFalse(process.exitValue() == NO_PEFT, python + ": " + tail);
      assertThat(process.exitValue()).as(tail).isZero();
    }
  }
}
