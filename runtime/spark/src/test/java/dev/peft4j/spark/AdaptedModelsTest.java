package dev.peft4j.spark;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.peft4j.data.Rng;
import dev.peft4j.generate.GenerationConfig;
import dev.peft4j.generate.Generator;
import dev.peft4j.transformers.CausalLm;
import dev.peft4j.transformers.SequenceClassifier;
import dev.peft4j.transformers.Tokenizer;
import dev.peft4j.transformers.Transformers;
import dev.peft4j.tuner.AdaptedModel;
import dev.peft4j.tuner.PeftModel;
import dev.peft4j.tuner.lora.LoraConfig;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
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

/** Predictions of datasets are those of one process. */
class AdaptedModelsTest {
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

  /** Texts of several lengths in two partitions, with a null among them. */
  private static Dataset<Row> texts() {
    StructType schema =
        new StructType().add("id", DataTypes.IntegerType).add("text", DataTypes.StringType);
    List<Row> rows = new ArrayList<>();
    for (String[] e : TinyFolders.examples(21, 8)) {
      rows.add(RowFactory.create(rows.size(), e[0]));
    }
    rows.add(RowFactory.create(rows.size(), null));
    return spark
        .createDataFrame(rows, schema)
        .repartitionByRange(2, new org.apache.spark.sql.Column("id"));
  }

  private static <M extends dev.peft4j.nn.Module> AdaptedModel<M> adapted(
      M base, String task, String... targets) {
    return Rng.with(
        6,
        () -> {
          AdaptedModel<M> made =
              PeftModel.of(
                  base,
                  LoraConfig.builder()
                      .targets(targets)
                      .r(2)
                      .taskType(task)
                      .init(dev.peft4j.annotation.Init.RANDOM)
                      .build());
          made.eval();
          return made;
        });
  }

  @Test
  void labelsAndProbabilities() throws IOException {
    Path model = TinyFolders.classifier(folder.resolve("model"));
    SequenceClassifier base = Transformers.sequenceClassifier(model);
    adapted(base, "SEQ_CLS", "query", "value").save(folder.resolve("adapter"));
    Tokenizer tokenizer = Tokenizer.load(model, 24);
    Dataset<Row> found =
        AdaptedModels.predict(
            texts(), "text", model, folder.resolve("adapter"), PredictionSettings.DEFAULT.batch(4));
    assertThat(found.columns()).containsExactly("id", "text", "label", "probabilities");
    List<Row> rows = found.orderBy("id").collectAsList();
    assertThat(rows).hasSize(22);
    for (Row r : rows.subList(0, 21)) {
      float[] p = base.forward(tokenizer.encode(List.of(r.getString(1)))).softmax(-1).toFloats();
      Map<String, Double> each = r.getJavaMap(3);
      assertThat(each).containsOnlyKeys("bad", "good");
      assertThat(each.get("bad")).isCloseTo(p[0], within(1e-5));
      assertThat(each.get("good")).isCloseTo(p[1], within(1e-5));
      assertThat(r.getString(2)).isEqualTo(p[0] >= p[1] ? "bad" : "good");
    }
    assertThat(rows.getLast().isNullAt(2)).isTrue();
    assertThat(rows.getLast().isNullAt(3)).isTrue();
  }

  @Test
  void theSqlFunctionGivesTheSameLabels() throws IOException {
    Path model = TinyFolders.classifier(folder.resolve("model"));
    AdaptedModels.register(spark, "mood", model, null);
    texts().createOrReplaceTempView("texts");
    AdaptedModels.predict(texts(), "text", model, null).createOrReplaceTempView("predicted");
    List<Row> differ =
        spark
            .sql(
                "select t.id from texts t join predicted p on t.id = p.id where not (mood(t.text)"
                    + " <=> p.label)")
            .collectAsList();
    assertThat(differ).isEmpty();
    assertThat(spark.sql("select id from texts where mood(text) is null").count()).isEqualTo(1);
  }

  @Test
  void generatedTexts() throws IOException {
    Path model = TinyFolders.decoder(folder.resolve("model"));
    CausalLm base = Transformers.causalLm(model);
    adapted(base, "CAUSAL_LM", "q_proj", "v_proj").save(folder.resolve("adapter"));
    Generator generator =
        Generator.of(base, Tokenizer.load(model, 32))
            .with(GenerationConfig.read(model).toBuilder().maxNewTokens(5).build());
    List<Row> rows =
        AdaptedModels.predict(
                texts(),
                "text",
                model,
                folder.resolve("adapter"),
                PredictionSettings.DEFAULT.batch(4).maxNewTokens(5))
            .orderBy("id")
            .collectAsList();
    for (Row r : rows.subList(0, 21)) {
      assertThat(r.getString(2)).isEqualTo(generator.generate(r.getString(1)));
    }
    assertThat(rows.getLast().isNullAt(2)).isTrue();
  }

  @Test
  void embeddingsHaveLengthOne() throws IOException {
    Path model = TinyFolders.classifier(folder.resolve("model"));
    Files.writeString(
        model.resolve("config.json"),
        Files.readString(model.resolve("config.json"))
            .replace("BertForSequenceClassification", "BertModel"));
    for (Row r : AdaptedModels.predict(texts(), "text", model, null).limit(3).collectAsList()) {
      List<Float> v = r.getList(2);
      assertThat(v).hasSize(16);
      assertThat(v.stream().mapToDouble(x -> x * x).sum()).isCloseTo(1, within(1e-5));
    }
  }

  @Test
  void whatIsMissingIsSaid() throws IOException {
    Path model = TinyFolders.classifier(folder.resolve("model"));
    assertThatThrownBy(() -> AdaptedModels.predict(texts(), "txt", model, null))
        .hasMessage("the data have no column 'txt'; they have [id, text]");
    assertThatThrownBy(
            () ->
                AdaptedModels.predict(
                    texts().withColumnRenamed("id", "label"), "text", model, null))
        .hasMessageContaining("the data have a column 'label'");
    Dataset<Row> later = AdaptedModels.predict(texts(), "text", model, null);
    Files.delete(model.resolve("model.safetensors"));
    assertThatThrownBy(later::collectAsList).rootCause().isNotNull();
    assertThatThrownBy(later::collectAsList)
        .hasStackTraceContaining("executor driver on ")
        .hasStackTraceContaining("cannot load " + model);
  }
}
