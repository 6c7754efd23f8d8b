package dev.peft4j.spark;

import static org.assertj.core.api.Assertions.assertThat;

import dev.peft4j.annotation.Init;
import dev.peft4j.data.Rng;
import dev.peft4j.optim.AdamW;
import dev.peft4j.spark.SmallRecipe.Batch;
import dev.peft4j.spark.SmallRecipe.Net;
import dev.peft4j.tensor.Tensor;
import dev.peft4j.train.Batches;
import dev.peft4j.train.Trainer;
import dev.peft4j.train.TrainingSettings;
import dev.peft4j.tuner.AdaptedModel;
import dev.peft4j.tuner.PeftModel;
import dev.peft4j.tuner.adalora.AdaLoraConfig;
import dev.peft4j.tuner.adamss.AdamssConfig;
import dev.peft4j.tuner.ia3.Ia3Config;
import dev.peft4j.tuner.loha.LoHaConfig;
import dev.peft4j.tuner.lora.LoraConfig;
import dev.peft4j.tuner.vera.VeraConfig;
import java.io.IOException;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.apache.spark.sql.SparkSession;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Tuners that keep something from step to step, share something, or change the base. */
class TunersTest {
  private static final TrainingSettings SETTINGS = SmallRecipe.settings(3).steps(5).build();
  private static final Map<String, AdapterSettings> ALL = new LinkedHashMap<>();

  static {
    ALL.put(
        "AdaLoRA",
        () ->
            AdaLoraConfig.builder()
                .targets("first", "second")
                .initR(4)
                .targetR(2)
                .tinit(1)
                .tfinal(1)
                .deltaT(1)
                .totalStep(5)
                .build());
    ALL.put(
        "AdaMSS",
        () ->
            AdamssConfig.builder()
                .targets("first")
                .r(4)
                .subspaces(4)
                .useAsa(true)
                .asaTargetSubspaces(3)
                .initWarmup(1)
                .finalWarmup(4)
                .maskInterval(1)
                .build());
    ALL.put("VeRA", () -> VeraConfig.builder().targets("first", "second").r(4).build());
    ALL.put("LoHa", () -> LoHaConfig.builder().targets("first").r(2).build());
    ALL.put(
        "IA3", () -> Ia3Config.builder().targets("first", "second").feedforward("second").build());
    ALL.put("PiSSA", () -> LoraConfig.builder().targets("first").r(2).init(Init.PISSA).build());
  }

  private static SparkSession spark;

  @BeforeAll
  static void begin() {
    spark = Sessions.local(2);
  }

  @AfterAll
  static void end() {
    spark.stop();
  }

  record Tuned(String tuner) implements TrainingRecipe<Net, AdaptedModel<Net>, Batch> {
    private static final long serialVersionUID = 1L;

    @Override
    public Net base() {
      return SmallRecipe.plain().base();
    }

    @Override
    public AdaptedModel<Net> adapt(Net base) {
      return Rng.with(2, () -> PeftModel.of(base, ALL.get(tuner).get()));
    }

    @Override
    public Batches<Batch> data() {
      return SmallRecipe.plain().data();
    }

    @Override
    public Tensor loss(AdaptedModel<Net> model, Batch batch) {
      return model.model().forward(batch.x()).crossEntropy(batch.labels());
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"AdaLoRA", "AdaMSS", "VeRA", "LoHa", "IA3", "PiSSA"})
  void trainsAsInOneProcess(String tuner) throws IOException {
    Tuned recipe = new Tuned(tuner);
    AdaptedModel<Net> alone = recipe.adapt(recipe.base());
    Map<String, List<Float>> before = SmallRecipe.weights(alone);
    Trainer.of(
            alone,
            AdamW.of(alone.trainableParameters(), 0.02f),
            recipe.data(),
            (Batch b) -> recipe.loss(alone, b))
        .settings(SETTINGS)
        .run();
    assertThat(SmallRecipe.weights(alone)).isNotEqualTo(before);
    try (var trainer = SparkTrainer.of(spark, recipe, p -> AdamW.of(p, 0.02f))) {
      trainer.settings(SETTINGS).run();
      assertThat(SmallRecipe.weights(trainer.model())).isEqualTo(SmallRecipe.weights(alone));
    }
  }
}
