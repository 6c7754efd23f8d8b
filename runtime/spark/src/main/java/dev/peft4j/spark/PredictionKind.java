package dev.peft4j.spark;

import com.fasterxml.jackson.databind.JsonNode;
import dev.peft4j.io.AdapterConfig;
import dev.peft4j.io.PeftFormat;
import dev.peft4j.io.PythonJson;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.StructField;
import org.jspecify.annotations.Nullable;

/** What a model gives for a text. */
enum PredictionKind {
  LABEL(
      "SEQ_CLS",
      DataTypes.createStructField("label", DataTypes.StringType, true),
      DataTypes.createStructField(
          "probabilities",
          DataTypes.createMapType(DataTypes.StringType, DataTypes.DoubleType, false),
          true)),
  TEXT("CAUSAL_LM", DataTypes.createStructField("generated", DataTypes.StringType, true)),
  EMBEDDING(
      "FEATURE_EXTRACTION",
      DataTypes.createStructField(
          "embedding", DataTypes.createArrayType(DataTypes.FloatType, false), true));

  private final String taskType;
  private final List<StructField> fields;

  PredictionKind(String taskType, StructField... fields) {
    this.taskType = taskType;
    this.fields = List.of(fields);
  }

  /** Returns the columns. */
  List<StructField> fields() {
    return fields;
  }

  /** Returns what a model with an adapter gives. */
  static PredictionKind of(Path model, @Nullable Path adapter) throws IOException {
    if (adapter != null) {
      Path file = adapter.resolve(PeftFormat.CONFIG_FILE);
      String type = AdapterConfig.read(file).get("task_type").asText();
      for (PredictionKind k : values()) {
        if (k.taskType.equals(type)) {
          return k;
        }
      }
      if (Files.exists(adapter.resolve(LabelNames.FILE))) {
        return LABEL;
      }
    }
    JsonNode config = PythonJson.read(model.resolve("config.json"));
    for (JsonNode c : config.path("architectures")) {
      if (c.asText().endsWith("ForSequenceClassification")) {
        return LABEL;
      }
      if (c.asText().endsWith("ForCausalLM") || c.asText().endsWith("LMHeadModel")) {
        return TEXT;
      }
    }
    return EMBEDDING;
  }
}
