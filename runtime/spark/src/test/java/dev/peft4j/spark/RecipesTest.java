package dev.peft4j.spark;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.peft4j.nn.NamedParameter;
import dev.peft4j.nn.Trainable;
import dev.peft4j.optim.AdamW;
import dev.peft4j.train.Batches;
import dev.peft4j.train.Evaluator;
import dev.peft4j.train.Trainer;
import dev.peft4j.train.TrainingResult;
import dev.peft4j.train.TrainingSettings;
import dev.peft4j.tuner.lora.LoraConfig;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.RowFactory;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.StructType;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Recipes over folders: a classifier, a language model. */
class RecipesTest {
  private static final TrainingSettings SETTINGS =
      TrainingSettings.builder().steps(4).accumulation(3).clipNorm(1).build();
  private static final AdapterSettings CLASSIFIER =
      () ->
          LoraConfig.builder()
              .targets("query", "value")
              .modulesToSave("classifier")
              .dropout(0.1)
              .taskType("SEQ_CLS")
              .build();
  private static SparkSession spark;
  @TempDir Path folder;

  @BeforeAll
  static void begin() {
    spark = Sessions.local(2);
  }

  @AfterAll
  static void end() {
    spark.stop();
  }

  private static Dataset<Row> rows(String text, String label) {
    StructType schema = new StructType().add(text, DataTypes.StringType);
    List<Row> rows = new ArrayList<>();
    for (String[] e : TinyFolders.examples(40, 8)) {
      rows.add(label.isEmpty() ? RowFactory.create(e[0]) : RowFactory.create(e[0], e[1]));
    }
    return spark.createDataFrame(
        rows, label.isEmpty() ? schema : schema.add(label, DataTypes.StringType));
  }

  private static Map<String, List<Float>> weights(Trainable model) {
    Map<String, List<Float>> all = new LinkedHashMap<>();
    for (NamedParameter p : model.namedParameters()) {
      List<Float> values = new ArrayList<>();
      if (p.parameter().trainable()) {
        for (float v : p.parameter().own().toFloats()) {
          values.add(v);
        }
      }
      all.put(p.name(), values);
    }
    return all;
  }

  private static <M, P extends Trainable, B> Map<String, List<Float>> alone(
      TrainingRecipe<M, P, B> recipe) throws IOException {
    P model = recipe.adapt(recipe.base());
    Batches<B> data = recipe.data();
    Trainer.of(
            model,
            AdamW.of(model.trainableParameters(), 0.01f),
            data,
            (B b) -> recipe.loss(model, b))
        .settings(SETTINGS)
        .run();
    return weights(model);
  }

  private static <M, P extends Trainable, B> Map<String, List<Float>> together(
      TrainingRecipe<M, P, B> recipe) throws IOException {
    try (var trainer = SparkTrainer.of(spark, recipe, p -> AdamW.of(p, 0.01f))) {
      trainer.settings(SETTINGS).run();
      return weights(trainer.model());
    }
  }

  @Test
  void aClassifierOfADatasetOrAFile() throws IOException {
    Path model = TinyFolders.classifier(folder.resolve("model"));
    List<String> labels = List.of("good", "bad");
    TextClassification ofRows =
        TextClassification.of(model, labels, CLASSIFIER, rows("said", "mood"), "said", "mood")
            .batch(4)
            .seed(5)
            .maxLength(16);
    Map<String, List<Float>> alone = alone(ofRows);
    assertThat(together(ofRows)).isEqualTo(alone);
    StringBuilder lines = new StringBuilder();
    for (String[] e : TinyFolders.examples(40, 8)) {
      lines.append("{\"said\": \"%s\", \"mood\": \"%s\"}\n".formatted(e[0], e[1]));
    }
    Path file = Files.writeString(folder.resolve("data.jsonl"), lines);
    TextClassification ofFile =
        TextClassification.of(model, labels, CLASSIFIER, file, "said", "mood")
            .batch(4)
            .seed(5)
            .maxLength(16);
    assertThat(together(ofFile)).isEqualTo(alone);
    assertThatThrownBy(
            () ->
                TextClassification.of(
                    model, List.of("good"), CLASSIFIER, rows("said", "mood"), "said", "mood"))
        .hasMessageContaining("has the label 'bad', expected one of [good]");
  }

  @Test
  void aLanguageModelOfRows() throws IOException {
    Path model = TinyFolders.decoder(folder.resolve("model"));
    AdapterSettings adapter =
        () -> LoraConfig.builder().targets("all-linear").r(2).taskType("CAUSAL_LM").build();
    LanguageModeling recipe =
        LanguageModeling.of(model, adapter, rows("text", "")).batch(3).seed(2).maxLength(20);
    assertThat(together(recipe)).isEqualTo(alone(recipe));
  }

  @Test
  void aRunThatIsStoppedIsResumed() throws IOException {
    Path model = TinyFolders.classifier(folder.resolve("model"));
    TextClassification recipe =
        TextClassification.of(
                model, List.of("good", "bad"), CLASSIFIER, rows("text", "label"), "text", "label")
            .batch(4);
    Map<String, List<Float>> alone = alone(recipe);
    Batches<TextClassification.Batch> evaluated = recipe.data();
    Path run = folder.resolve("run");
    try (var first = SparkTrainer.of(spark, recipe, p -> AdamW.of(p, 0.01f))) {
      TrainingSettings half =
          TrainingSettings.builder().steps(2).accumulation(3).clipNorm(1).build();
      first.settings(half).checkpoints(run).run();
    }
    try (var second = SparkTrainer.of(spark, recipe, p -> AdamW.of(p, 0.01f))) {
      TrainingResult result =
          second
              .settings(SETTINGS)
              .checkpoints(run)
              .evaluator(m -> Evaluator.meanLoss(evaluated, b -> recipe.loss(m, b)))
              .resume();
      assertThat(result.state().step()).isEqualTo(4);
      assertThat(result.evaluation()).containsKey("loss");
      assertThat(weights(second.model())).isEqualTo(alone);
    }
  }
}
