package dev.peft4j.spark;

import static org.assertj.core.api.Assertions.assertThat;

import dev.peft4j.data.Storage;
import dev.peft4j.optim.AdamW;
import dev.peft4j.train.TrainingEvent;
import dev.peft4j.train.TrainingSettings;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.ObjectInputStream;
import java.io.ObjectOutputStream;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.apache.spark.sql.SparkSession;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** Training with executors gives the bits of one process. */
class SparkTrainerTest {
  private static SparkSession spark;

  @BeforeAll
  static void begin() {
    spark = Sessions.local(2);
  }

  @AfterAll
  static void end() {
    spark.stop();
  }

  private static Map<String, List<Float>> trained(SmallRecipe recipe, TrainingSettings settings)
      throws IOException {
    return trained(recipe, settings, GradientCompression.NONE);
  }

  private static Map<String, List<Float>> trained(
      SmallRecipe recipe, TrainingSettings settings, GradientCompression compression)
      throws IOException {
    try (var trainer = SparkTrainer.of(spark, recipe, p -> AdamW.of(p, 0.02f))) {
      trainer.settings(settings).compression(compression).run();
      return SmallRecipe.weights(trainer.model());
    }
  }

  private static void assertSame(SmallRecipe recipe, TrainingSettings settings) throws IOException {
    Map<String, List<Float>> before = SmallRecipe.weights(recipe.adapt(recipe.base()));
    Map<String, List<Float>> here = recipe.alone(settings);
    assertThat(here).isNotEqualTo(before);
    assertThat(trained(recipe, settings)).isEqualTo(here);
  }

  @Test
  void withDropoutItIsTheSame() throws IOException {
    assertSame(SmallRecipe.plain(), SmallRecipe.settings(4).build());
  }

  @Test
  void aStepOfOneBatchIsTheSame() throws IOException {
    assertSame(SmallRecipe.plain(), SmallRecipe.settings(1).epochs(1).build());
  }

  @Test
  void batchesWeighWhatTheyCount() throws IOException {
    assertSame(new SmallRecipe(false, true, 0.2), SmallRecipe.settings(5).build());
  }

  @Test
  void batchesThatDrawDifferentlyManyNumbersAreTheSame() throws IOException {
    assertSame(new SmallRecipe(true, true, 0.1), SmallRecipe.settings(4).build());
  }

  @Test
  void compressedGradientsTrainNearlyTheSame() throws IOException {
    SmallRecipe recipe = SmallRecipe.plain();
    TrainingSettings settings = SmallRecipe.settings(4).build();
    Map<String, List<Float>> alone = recipe.alone(settings);
    Map<String, List<Float>> half = trained(recipe, settings, GradientCompression.BFLOAT16);
    assertThat(half).isNotEqualTo(alone);
    assertThat(farthest(half, alone)).isLessThan(0.01);
    assertThat(trained(recipe, settings, GradientCompression.BFLOAT16)).isEqualTo(half);
    assertThat(trained(recipe, settings, GradientCompression.largest(1))).isEqualTo(alone);
    Map<String, List<Float>> some = trained(recipe, settings, GradientCompression.largest(0.1));
    assertThat(farthest(some, alone)).isBetween(1e-3, 0.5);
  }

  private static double farthest(Map<String, List<Float>> a, Map<String, List<Float>> b) {
    double most = 0;
    for (String name : a.keySet()) {
      for (int i = 0; i < a.get(name).size(); i++) {
        most = Math.max(most, Math.abs(a.get(name).get(i) - b.get(name).get(i)));
      }
    }
    return most;
  }

  @Test
  void theLargestNumbersTravel() throws Exception {
    float[] values = {0.5f, -3, 0, 2, -2, 1};
    var bytes = new ByteArrayOutputStream();
    try (var out = new ObjectOutputStream(bytes)) {
      new Tensors(Arrays.asList(Storage.of(values), null), GradientCompression.largest(0.34), 0)
          .writeExternal(out);
    }
    Tensors read = new Tensors();
    read.readExternal(new ObjectInputStream(new ByteArrayInputStream(bytes.toByteArray())));
    assertThat(read.values().getFirst().toFloats()).containsExactly(0, -3, 0, 2, -2, 0);
    assertThat(read.values().getLast()).isNull();
  }

  @Test
  void eventsAreTheSame() throws IOException {
    SmallRecipe recipe = SmallRecipe.plain();
    List<TrainingEvent> events = new ArrayList<>();
    try (var trainer = SparkTrainer.of(spark, recipe, p -> AdamW.of(p, 0.02f))) {
      trainer.settings(SmallRecipe.settings(4).steps(3).build()).listener(events::add).run();
    }
    assertThat(events).hasSize(5);
    assertThat(events.get(1))
        .isInstanceOfSatisfying(
            TrainingEvent.Step.class,
            s -> {
              assertThat(s.count()).isEqualTo(4 * SmallRecipe.MICRO);
              assertThat(s.batches()).isEqualTo(4);
              assertThat(s.loss()).isBetween(0.5, 3.0);
              assertThat(s.gradientNorm()).isPositive();
            });
  }
}
