package dev.peft4j.train;

import static org.assertj.core.api.Assertions.assertThat;

import dev.peft4j.data.Rng;
import dev.peft4j.io.PythonJson;
import dev.peft4j.nn.Dropout;
import dev.peft4j.nn.Linear;
import dev.peft4j.nn.Module;
import dev.peft4j.optim.AdamW;
import dev.peft4j.tensor.Tensor;
import dev.peft4j.tuner.AdaptedModel;
import dev.peft4j.tuner.PeftModel;
import dev.peft4j.tuner.lora.LoraConfig;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * A checkpoint names parameters and kinds, not classes: a class that gets another name still goes
 * on from it. Those of before are read as well.
 */
class CheckpointNamesTest {
  @TempDir Path folder;

  private static TrainingSettings settings(long steps) {
    return TrainingSettings.builder().steps(steps).checkpoint(Every.steps(3)).keep(5).build();
  }

  /** {@link TinyRun}'s model as another class. */
  static final class Renamed extends Module {
    final Linear first = new Linear(3, 8);
    final Dropout dropout = new Dropout(0.2);
    final Linear second = new Linear(8, 1);

    Tensor forward(Tensor x) {
      return second.forward(dropout.forward(first.forward(x).relu()));
    }
  }

  @Test
  void aCheckpointHasNoNamesOfClasses() throws IOException {
    new TinyRun(7).trainer(settings(3)).checkpoints(folder).run();
    Path checkpoint = folder.resolve("checkpoint-3");
    try (Stream<Path> files = Files.list(checkpoint)) {
      for (Path f : files.toList()) {
        String text = Files.readString(f, StandardCharsets.ISO_8859_1);
        if (f.endsWith("adapter_config.json")) { // peft's own file, which names the base's class
          var tree = PythonJson.read(f);
          tree.remove("auto_mapping");
          text = tree.toString();
        }
        assertThat(text)
            .as("%s", f)
            .doesNotContain(
                "dev.peft4j",
                "TinyRun",
                "Mlp",
                "LoraConfig",
                "Dropout",
                "Linear",
                "ExampleBatches");
      }
    }
  }

  @Test
  void aModelOfAnotherClassGoesOn() throws IOException {
    TinyRun whole = new TinyRun(7);
    whole.trainer(TinyRun.unsaved(settings(6))).run();
    copy("without-class-names");
    Renamed base = Rng.with(1, Renamed::new);
    LoraConfig config =
        LoraConfig.builder()
            .targets("first")
            .modulesToSave("second")
            .r(4)
            .alpha(8)
            .dropout(0.25)
            .build();
    AdaptedModel<Renamed> model = Rng.with(99, () -> PeftModel.of(base, config));
    Trainer.of(
            model,
            AdamW.of(model.trainableParameters(), 0.02f),
            TinyRun.batches(),
            b -> {
              int n = b.y().dim(0);
              Tensor noise = Tensor.of(Rng.current().normal(n, 0, 0.01f), n, 1);
              return base.forward(b.x()).mseLoss(b.y().add(noise));
            })
        .settings(settings(6))
        .checkpoints(folder)
        .resume();
    model
        .namedParameters()
        .forEach(
            p ->
                assertThat(p.parameter().own().toFloats())
                    .as(p.name())
                    .containsExactly(floats(whole.weights().get(p.name()))));
  }

  /**
   * {@code with-class-names} was written before checkpoints had kinds, by commit b244d0f, {@code
   * without-class-names} when there was an issue about it.
   */
  @ParameterizedTest
  @ValueSource(strings = {"with-class-names", "without-class-names"})
  void checkpointsOfBeforeAreRead(String name) throws IOException {
    copy(name);
    Path checkpoint = folder.resolve("checkpoint-3");
    boolean named = Files.readString(checkpoint.resolve(Manifest.FILE)).contains("dev.peft4j");
    assertThat(named).isEqualTo(name.equals("with-class-names"));
    TinyRun run = new TinyRun(99);
    TrainingResult result = run.trainer(settings(3)).checkpoints(folder).resume();
    assertThat(result.state().step()).isEqualTo(3);
    Map<String, List<Float>> loaded = run.weights();
    TinyRun again = new TinyRun(98);
    again.model.load(checkpoint);
    again
        .weights()
        .forEach(
            (parameter, values) ->
                assertThat(loaded).as(parameter).containsEntry(parameter, values));
    assertThat(loaded).hasSizeGreaterThan(again.weights().size()); // the optimizer's as well
    TinyRun more = new TinyRun(99);
    assertThat(more.trainer(settings(6)).checkpoints(folder).resume().state().step()).isEqualTo(6);
    Path next = folder.resolve("checkpoint-6").resolve(Manifest.FILE);
    assertThat(Files.readString(next)).doesNotContain("dev.peft4j");
  }

  private void copy(String name) throws IOException {
    Path to = Files.createDirectory(folder.resolve("checkpoint-3"));
    for (String file :
        List.of(
            "README.md",
            "adapter_config.json",
            "adapter_model.safetensors",
            "optimizer.safetensors",
            Manifest.FILE)) {
      try (InputStream in =
          CheckpointNamesTest.class.getResourceAsStream(name + "/checkpoint-3/" + file)) {
        Files.copy(Objects.requireNonNull(in), to.resolve(file));
      }
    }
  }

  private static float[] floats(List<Float> values) {
    float[] all = new float[values.size()];
    for (int i = 0; i < all.length; i++) {
      all[i] = values.get(i);
    }
    return all;
  }
}
