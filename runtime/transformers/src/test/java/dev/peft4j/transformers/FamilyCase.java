package dev.peft4j.transformers;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.peft4j.nn.Module;
import dev.peft4j.tensor.Tensor;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.io.TempDir;

/** A tiny model of a family that is found. */
abstract class FamilyCase {
  static final double TOLERANCE = 1e-5;

  @TempDir Path temp;

  final ModelFamily family;
  final TinyFamily tiny;

  FamilyCase(String modelType) {
    this.family = ModelFamily.of(modelType);
    this.tiny = TinyFamily.of(modelType);
  }

  static List<String> families() {
    return ModelFamily.all().stream()
        .filter(f -> !(f instanceof DecoderFamily))
        .map(ModelFamily::modelType)
        .toList();
  }

  static void near(String what, Tensor found, Tensor expected) {
    assertThat(found.shape()).as(what).isEqualTo(expected.shape());
    assertThat(Tiny.largestDifference(found.toFloats(), expected.toFloats()))
        .as(what)
        .isLessThan(TOLERANCE);
  }

  Tensor forward(EncoderClassifier model) {
    return model.forward(tiny.ids(), tiny.mask(), tiny.types());
  }

  SequenceClassifier sequence() throws IOException {
    return Transformers.sequenceClassifier(tiny.sequence());
  }

  Tensor logits(Path folder) throws IOException {
    return forward(Transformers.sequenceClassifier(folder));
  }

  Tensor expectedLogits() {
    return tiny.io("sequence.logits");
  }

  static ConfigReader reader(String json) throws IOException {
    return new ConfigReader((ObjectNode) new JsonMapper().readTree(json), Path.of("config.json"));
  }

  static double deviation(float[] values) {
    double squares = 0;
    for (float v : values) {
      squares += (double) v * v;
    }
    return Math.sqrt(squares / values.length);
  }

  /** The deviation with which transformers draws a weight. */
  double deviation(String name, EncoderConfig config) {
    double range = config.initializerRange();
    if (!family.modelType().equals("modernbert")) {
      return range;
    }
    double truncated = 0.8796; // of numbers within two deviations
    return name.startsWith("classifier.")
        ? truncated / Math.sqrt(config.hiddenSize())
        : name.endsWith("Wo.weight") || name.equals("head.dense.weight")
            ? truncated * range / Math.sqrt(2.0 * config.layers())
            : truncated * range;
  }

  static Map<String, float[]> values(Module model) {
    Map<String, float[]> out = new java.util.LinkedHashMap<>();
    model.stateDict().forEach((name, p) -> out.put(name, p.own().toFloats()));
    return out;
  }
}
