package dev.peft4j.transformers;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import dev.peft4j.nn.Parameter;
import dev.peft4j.tensor.Tensor;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Every name in transformers' ACT2FN but xielu, with values and slopes that torch computed. */
class ActivationTest {
  private static final JsonNode ALL = read();

  private static JsonNode read() {
    try {
      return new JsonMapper().readTree(ActivationTest.class.getResource("activations.json"));
    } catch (IOException e) {
      throw new IllegalStateException(e);
    }
  }

  static List<String> names() {
    List<String> out = new ArrayList<>();
    ALL.path("y").fieldNames().forEachRemaining(out::add);
    return out;
  }

  private static float[] floats(JsonNode list) {
    float[] out = new float[list.size()];
    for (int i = 0; i < out.length; i++) {
      out[i] = list.get(i).floatValue();
    }
    return out;
  }

  @ParameterizedTest
  @MethodSource("names")
  void valuesOfTransformers(String name) throws IOException {
    Activation activation = Objects.requireNonNull(Activation.byName(name), name);
    Parameter x = new Parameter(floats(ALL.path("x")), ALL.path("x").size());
    Tensor y = activation.apply(x);
    y.sum().backward();
    near(y.toFloats(), floats(ALL.path("y").path(name).path(0)), name);
    near(
        Objects.requireNonNull(x.grad()).toFloats(),
        floats(ALL.path("y").path(name).path(1)),
        name);
    EncoderConfig config =
        new Bert()
            .config(
                new ConfigReader(
                    new JsonMapper()
                        .createObjectNode()
                        .put("model_type", "bert")
                        .put("hidden_act", name),
                    Path.of("config.json")),
                true);
    assertThat(config.activation()).isEqualTo(activation);
  }

  private static void near(float[] found, float[] expected, String name) {
    for (int i = 0; i < expected.length; i++) {
      double tolerance = 1e-6 * Math.max(1, Math.abs(expected[i]));
      assertThat((double) found[i])
          .as("%s at %s", name, ALL.path("x").get(i))
          .isBetween(expected[i] - tolerance, expected[i] + tolerance);
    }
  }
}
