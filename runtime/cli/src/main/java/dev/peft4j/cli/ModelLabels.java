package dev.peft4j.cli;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.peft4j.io.FileFormatException;
import dev.peft4j.io.ModelFolder;
import dev.peft4j.transformers.Transformers;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;

/** The labels of a model's own classifier. */
final class ModelLabels {
  private ModelLabels() {}

  /**
   * Returns the labels in {@code config.json}.
   *
   * @throws FileFormatException if two have the same name, one has none, or {@code label2id}
   *     contradicts {@code id2label}
   */
  static List<String> of(Path folder) throws IOException {
    Path file = folder.resolve("config.json");
    List<String> labels =
        Labels.listed(file, "id2label: ", Transformers.encoderConfig(folder).labels());
    ObjectNode config = ModelFolder.open(folder).config();
    JsonNode ids = config.path("label2id");
    for (Map.Entry<String, JsonNode> e : ids.properties()) {
      int place = labels.indexOf(Labels.of(e.getKey()));
      if (place >= 0 && !e.getValue().asText().equals(Integer.toString(place))) {
        throw new FileFormatException(
            file,
            "label2id gives "
                + Labels.show(List.of(e.getKey()))
                + " the number "
                + Labels.show(List.of(e.getValue().toString()))
                + ", but id2label "
                + place
                + "; expected the same");
      }
    }
    return labels;
  }
}
