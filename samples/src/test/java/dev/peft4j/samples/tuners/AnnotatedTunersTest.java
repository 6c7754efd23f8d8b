package dev.peft4j.samples.tuners;

import static org.assertj.core.api.Assertions.assertThat;

import dev.peft4j.data.Rng;
import dev.peft4j.data.Storage;
import dev.peft4j.nn.Linear;
import dev.peft4j.nn.Module;
import dev.peft4j.optim.AdamW;
import dev.peft4j.tensor.Tensor;
import dev.peft4j.train.Batches;
import dev.peft4j.train.Trainer;
import dev.peft4j.train.TrainingSettings;
import dev.peft4j.tuner.AdaptedModel;
import dev.peft4j.tuner.PeftModel;
import dev.peft4j.tuner.adalora.AdaLora;
import dev.peft4j.tuner.adalora.AdaLoraConfig;
import dev.peft4j.tuner.boft.Boft;
import dev.peft4j.tuner.deft.Deft;
import dev.peft4j.tuner.glora.GLora;
import dev.peft4j.tuner.glora.GLoraPath;
import dev.peft4j.tuner.gralora.GraLora;
import dev.peft4j.tuner.hira.Hira;
import dev.peft4j.tuner.hra.Hra;
import dev.peft4j.tuner.lily.Lily;
import dev.peft4j.tuner.lokr.LoKr;
import dev.peft4j.tuner.lokr.LoKrStart;
import dev.peft4j.tuner.miss.Miss;
import dev.peft4j.tuner.oft.Oft;
import dev.peft4j.tuner.peanut.Peanut;
import dev.peft4j.tuner.psoft.Psoft;
import dev.peft4j.tuner.road.Road;
import dev.peft4j.tuner.road.RoadVariant;
import dev.peft4j.tuner.supertuning.SuperTuning;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.function.Function;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Each tuner's annotation on a class: the generated class trains, saves and loads. */
class AnnotatedTunersTest {
  static class Net extends Module {
    final Linear fc1 = new Linear(6, 8);
    final Linear fc2 = new Linear(8, 2);

    Tensor forward(Tensor x) {
      return fc2.forward(fc1.forward(x).tanh());
    }
  }

  @LoKr(target = "fc1", r = 1, start = LoKrStart.LYCORIS)
  static class KroneckerNet extends Net {}

  @Oft(target = "fc1", blockSize = 3)
  static class OftNet extends Net {}

  @Boft(target = "fc1", blockSize = 2)
  static class BoftNet extends Net {}

  @Hra(target = "fc1", r = 2)
  static class HraNet extends Net {}

  @Miss(target = "fc1", r = 3)
  static class MissNet extends Net {}

  @Road(target = "fc1", variant = RoadVariant.ROAD_2, groupSize = 4)
  static class RoadNet extends Net {}

  @Hira(target = "fc1", r = 2)
  static class HiraNet extends Net {}

  @GraLora(target = "fc1", r = 2, alpha = 4)
  static class GraLoraNet extends Net {}

  @Psoft(target = "fc1", r = 3, alpha = 3)
  static class PsoftNet extends Net {}

  @Deft(target = "fc1", r = 2)
  static class DeftNet extends Net {}

  @GLora(target = "fc1", ab = GLoraPath.VECTOR, c = GLoraPath.NONE)
  static class GLoraNet extends Net {}

  @Peanut(target = "fc1", r = 2, depth = 1, activation = "tanh")
  static class PeanutNet extends Net {}

  @SuperTuning(target = "fc1", sparsity = 0.5)
  static class SuperTuningNet extends Net {}

  @Lily(
      target = {"fc1", "fc2"},
      r = 2,
      experts = 3)
  static class LilyNet extends Net {}

  @AdaLora(target = "fc1", initR = 3, targetR = 1, totalStep = 20, tinit = 2, tfinal = 4)
  static class AdaLoraNet extends Net {}

  private record Made(String name, PeftModel model, Function<Tensor, Tensor> forward) {
    @Override
    public String toString() {
      return name;
    }
  }

  static List<Made> all() {
    return Rng.with(
        3,
        () -> {
          var lokr = new AnnotatedTunersTest_KroneckerNetPeft();
          var oft = new AnnotatedTunersTest_OftNetPeft();
          var boft = new AnnotatedTunersTest_BoftNetPeft();
          var hra = new AnnotatedTunersTest_HraNetPeft();
          var miss = new AnnotatedTunersTest_MissNetPeft();
          var road = new AnnotatedTunersTest_RoadNetPeft();
          var hira = new AnnotatedTunersTest_HiraNetPeft();
          var gralora = new AnnotatedTunersTest_GraLoraNetPeft();
          var psoft = new AnnotatedTunersTest_PsoftNetPeft();
          var deft = new AnnotatedTunersTest_DeftNetPeft();
          var glora = new AnnotatedTunersTest_GLoraNetPeft();
          var peanut = new AnnotatedTunersTest_PeanutNetPeft();
          var supertuning = new AnnotatedTunersTest_SuperTuningNetPeft();
          var lily = new AnnotatedTunersTest_LilyNetPeft();
          var adalora = new AnnotatedTunersTest_AdaLoraNetPeft();
          return List.of(
              new Made("LoKr", lokr, lokr::forward),
              new Made("OFT", oft, oft::forward),
              new Made("BOFT", boft, boft::forward),
              new Made("HRA", hra, hra::forward),
              new Made("MiSS", miss, miss::forward),
              new Made("RoAd", road, road::forward),
              new Made("HiRA", hira, hira::forward),
              new Made("GraLoRA", gralora, gralora::forward),
              new Made("PSOFT", psoft, psoft::forward),
              new Made("DEFT", deft, deft::forward),
              new Made("GLoRA", glora, glora::forward),
              new Made("PEANuT", peanut, peanut::forward),
              new Made("Supertuning", supertuning, supertuning::forward),
              new Made("Lily", lily, lily::forward),
              new Made("AdaLoRA", adalora, adalora::forward));
        });
  }

  private @TempDir Path folder;
  private final Tensor x = Tensor.of(new Rng(1).normal(24, 0, 1), 4, 6);
  private final Tensor y = Tensor.of(new long[] {0, 1, 1, 0}, 4);

  @ParameterizedTest
  @MethodSource("all")
  void theGeneratedClassTrainsSavesAndLoads(Made made) {
    AdamW optimizer = AdamW.of(made.model.trainableParameters(), 0.05f);
    float first = made.forward.apply(x).crossEntropy(y).item();
    for (int i = 0; i < 30; i++) {
      made.forward.apply(x).crossEntropy(y).backward();
      made.model.step(optimizer);
    }
    assertThat(made.forward.apply(x).crossEntropy(y).item()).isLessThan(0.95f * first);
    float[] trained = made.forward.apply(x).toFloats();
    made.model.save(folder);
    Net base = new Net();
    AdaptedModel<Net> loaded = PeftModel.load(withWeightsOf(made.model, base), folder);
    assertThat(loaded.call(m -> m.forward(x)).toFloats()).isEqualTo(trained);
  }

  private static Net withWeightsOf(PeftModel model, Net base) {
    var values = new LinkedHashMap<String, Storage>();
    model
        .adapters()
        .baseParameters()
        .forEach(p -> values.put(p.name(), p.parameter().own().copy()));
    base.load(values);
    return base;
  }

  /** The schedule is the trainer's, and a run that is resumed goes on as if it had not stopped. */
  @Test
  void aTrainerAllocatesRanksAndResumesBitForBit() throws Exception {
    float[] whole = train(folder.resolve("whole"), 20);
    train(folder.resolve("parts"), 11);
    float[] resumed = train(folder.resolve("parts"), 20);
    assertThat(resumed).isEqualTo(whole);
    Path saved = folder.resolve("saved");
    model.save(saved);
    assertThat(Files.readString(saved.resolve("adapter_config.json"))).contains("fc1.lora_E");
    AdaptedModel<Net> loaded = PeftModel.load(Rng.with(5, Net::new), saved);
    assertThat(loaded.call(m -> m.forward(x)).toFloats())
        .isEqualTo(model.eval().call(m -> m.forward(x)).toFloats());
    long ranks =
        loaded.namedParameters().stream()
            .filter(p -> p.name().contains("lora_E"))
            .mapToLong(p -> p.parameter().dim(0))
            .sum();
    assertThat(ranks).isEqualTo(2); // of six, one a layer
  }

  private AdaptedModel<Net> model = adapted();

  private static AdaptedModel<Net> adapted() {
    return Rng.with(
        5,
        () ->
            PeftModel.of(
                new Net(),
                AdaLoraConfig.builder()
                    .targets("fc1", "fc2")
                    .initR(3)
                    .targetR(1)
                    .totalStep(20)
                    .tinit(2)
                    .tfinal(4)
                    .build()));
  }

  private float[] train(Path run, int steps) {
    model = adapted();
    Trainer<Integer> trainer =
        Trainer.of(
                model,
                AdamW.of(model.trainableParameters(), 0.05f),
                Batches.of(List.of(0)),
                _ -> model.call(m -> m.forward(x)).crossEntropy(y))
            .settings(TrainingSettings.builder().epochs(20).build())
            .checkpoints(run);
    trainer.listener(
        e -> {
          if (e.state().step() == steps) {
            trainer.stop();
          }
        });
    trainer.resume();
    float[] all = new float[0];
    for (var p : model.trainableParameters()) {
      float[] v = p.own().toFloats();
      int n = all.length;
      all = Arrays.copyOf(all, n + v.length);
      System.arraycopy(v, 0, all, n, v.length);
    }
    return all;
  }
}
