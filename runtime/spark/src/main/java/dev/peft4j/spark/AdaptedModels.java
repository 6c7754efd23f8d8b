package dev.peft4j.spark;

import java.io.IOException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import org.apache.spark.api.java.function.MapPartitionsFunction;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Encoders;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.api.java.UDF1;
import org.apache.spark.sql.types.StructField;
import org.apache.spark.sql.types.StructType;
import org.jspecify.annotations.Nullable;

/**
 * Models with adapters that are applied to the texts of a column. What they give is said by the
 * adapter's {@code task_type}, or, without one, by the model:
 *
 * <ul>
 *   <li>{@code SEQ_CLS}: {@code label} (string) and {@code probabilities} (map from string to
 *       double);
 *   <li>{@code CAUSAL_LM}: {@code generated} (string), the text that follows;
 *   <li>{@code FEATURE_EXTRACTION}: {@code embedding} (array of float), the mean of the tokens'
 *       states, of length 1.
 * </ul>
 *
 * <p>Each executor's process loads the folders once, from its own disk, for all of its tasks. Texts
 * of similar length are computed together. A text that is null has no results.
 */
public final class AdaptedModels {
  private AdaptedModels() {}

  /**
   * Adds the columns that a model with an adapter gives.
   *
   * @param texts the column of texts
   * @param model the model's folder, under this path on every executor
   * @param adapter the adapter's folder, or null for the model alone
   * @throws IOException if the folders cannot be read here
   * @throws IllegalArgumentException if there is no such column, or it has a column of that name
   */
  public static Dataset<Row> predict(
      Dataset<Row> dataset, String texts, Path model, @Nullable Path adapter) throws IOException {
    return predict(dataset, texts, model, adapter, PredictionSettings.DEFAULT);
  }

  /** Does the same as {@link #predict(Dataset, String, Path, Path)} with other settings. */
  public static Dataset<Row> predict(
      Dataset<Row> dataset,
      String texts,
      Path model,
      @Nullable Path adapter,
      PredictionSettings settings)
      throws IOException {
    PredictorFolders folders = PredictorFolders.of(model, adapter, settings);
    List<String> columns = Arrays.asList(dataset.columns());
    if (!columns.contains(texts)) {
      throw new IllegalArgumentException(
          "the data have no column '" + texts + "'; they have " + columns);
    }
    StructType schema = dataset.schema();
    for (StructField f : folders.kind().fields()) {
      if (columns.contains(f.name())) {
        throw new IllegalArgumentException(
            "the data have a column '"
                + f.name()
                + "', which the model's results would be called; rename it before");
      }
      schema = schema.add(f);
    }
    int at = columns.indexOf(texts);
    MapPartitionsFunction<Row, Row> added = rows -> new PredictedRows(rows, at, folders);
    return dataset.mapPartitions(added, Encoders.row(schema));
  }

  /**
   * Registers an SQL function from a text to its label, the text that follows, or its embedding. It
   * gets one text at a time; {@link #predict(Dataset, String, Path, Path)} is faster.
   *
   * @param name of the function
   * @param model the model's folder, under this path on every executor
   * @param adapter the adapter's folder, or null for the model alone
   * @throws IOException if the folders cannot be read here
   */
  public static void register(SparkSession spark, String name, Path model, @Nullable Path adapter)
      throws IOException {
    PredictorFolders folders = PredictorFolders.of(model, adapter, PredictionSettings.DEFAULT);
    UDF1<@Nullable String, @Nullable Object> function =
        text -> text == null ? null : folders.predictor().predict(List.of(text)).getFirst()[0];
    spark.udf().register(name, function, folders.kind().fields().getFirst().dataType());
  }
}
