package dev.peft4j.spark;

import com.fasterxml.jackson.databind.JsonNode;
import dev.peft4j.data.Shape;
import dev.peft4j.io.FileFormatException;
import dev.peft4j.io.PeftFormat;
import dev.peft4j.io.PythonJson;
import dev.peft4j.io.SafeTensors;
import dev.peft4j.transformers.EncoderConfig;
import dev.peft4j.transformers.Transformers;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/** The names of a classifier's labels. */
final class LabelNames {
  /** What the command line writes beside an adapter. */
  static final String FILE = "labels.json";

  private LabelNames() {}

  /**
   * Returns the labels of a model with an adapter; null if the model has those of its own folder
   * and the adapter no classifier.
   */
  static @Nullable List<String> of(Path model, @Nullable Path adapter) throws IOException {
    if (adapter == null) {
      return null;
    }
    Integer rows = rows(model, adapter);
    if (rows == null) {
      return null;
    }
    Path file = adapter.resolve(FILE);
    if (Files.exists(file)) {
      List<String> names = new ArrayList<>();
      for (JsonNode n : PythonJson.read(file).path("labels")) {
        names.add(n.asText());
      }
      if (names.size() != rows) {
        throw new FileFormatException(
            file, "has " + names.size() + " labels, the adapter's classifier has " + rows);
      }
      return names;
    }
    EncoderConfig config = Transformers.encoderConfig(model);
    return config.numLabels() == rows
        ? config.labels()
        : IntStream.range(0, rows).mapToObj(i -> "LABEL_" + i).toList();
  }

  private static @Nullable Integer rows(Path model, Path adapter) throws IOException {
    Path file = adapter.resolve(PeftFormat.WEIGHTS_FILE);
    String layer = Transformers.family(model).outputLayer();
    Shape shape = SafeTensors.open(file).shapes().get("base_model.model." + layer + ".weight");
    return shape == null ? null : shape.dim(0);
  }
}
