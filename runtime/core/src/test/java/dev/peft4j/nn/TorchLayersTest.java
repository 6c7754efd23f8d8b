package dev.peft4j.nn;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.DynamicTest.dynamicTest;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.peft4j.backend.cases.Compare;
import dev.peft4j.data.Shape;
import dev.peft4j.data.ShapeException;
import dev.peft4j.data.Storage;
import dev.peft4j.graph.Variable;
import dev.peft4j.tensor.Tensor;
import java.io.IOException;
import java.io.InputStream;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.BiFunction;
import java.util.function.Supplier;
import java.util.stream.Stream;
import java.util.stream.StreamSupport;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;

/** Results and gradients of torch 2.13 for the layers that have torch's names. */
class TorchLayersTest {
  private record Case<M extends Module>(
      Supplier<M> module, BiFunction<M, List<Tensor>, Tensor> call) {
    Tensor run(Map<String, Storage> state, List<Tensor> inputs, List<NamedParameter> parameters) {
      M m = module.get();
      m.load(state);
      parameters.addAll(m.namedParameters());
      return call.apply(m, inputs);
    }
  }

  private static final Map<String, Case<?>> CASES = new LinkedHashMap<>();

  private static <L extends Module & Layer> void layer(String name, Supplier<L> layer) {
    CASES.put(name, new Case<>(layer, (l, x) -> l.forward(x.get(0))));
  }

  static {
    layer("groupNorm", () -> new GroupNorm(2, 4));
    layer("groupNormRows", () -> new GroupNorm(4, 8));
    layer("prelu", PRelu::new);
    layer("preluChannels", () -> new PRelu(4));
    layer("convTranspose2d", () -> new ConvTranspose2d(4, 3, 3, 2, 1));
    layer("convTranspose2dOut", () -> new ConvTranspose2d(4, 3, 3, 3, 0, 2, false));
    layer("maxPool", () -> new MaxPool2d(2));
    layer("maxPoolPadded", () -> new MaxPool2d(3, 2, 1));
    layer("avgPool", () -> new AvgPool2d(2));
    layer("avgPoolPadded", () -> new AvgPool2d(3, 2, 1));
    layer("adaptiveAvg", () -> new AdaptiveAvgPool2d(4, 3));
    layer("adaptiveUp", () -> new AdaptiveAvgPool2d(8, 9));
    layer("adaptiveMax", () -> new AdaptiveMaxPool2d(4, 3));
    CASES.put(
        "mha",
        new Case<>(
            () -> new MultiheadAttention(8, 2),
            (m, x) -> m.forward(x.get(0), x.get(1), x.get(1), null, false)));
    layer("encoder", () -> new TransformerEncoderLayer(8, 2, 12, 0, new Relu(), false));
    CASES.put(
        "encoderFirst",
        new Case<>(
            () -> new TransformerEncoderLayer(8, 2, 12, 0, new Gelu(), true),
            (m, x) -> m.forward(x.get(0), null, true)));
    for (boolean first : new boolean[] {false, true}) {
      CASES.put(
          first ? "decoderFirst" : "decoder",
          new Case<>(
              () -> new TransformerDecoderLayer(8, 2, 12, 0, new Relu(), first),
              (m, x) -> m.forward(x.get(0), x.get(1), null, null, true)));
    }
    lstm("lstm", () -> new Lstm(3, 5));
    lstm("lstmDeep", () -> new Lstm(3, 4, 2, true));
    gru("gru", () -> new Gru(3, 5));
    gru("gruDeep", () -> new Gru(3, 4, 2, true));
  }

  private static void lstm(String name, Supplier<Lstm> made) {
    CASES.put(
        name,
        new Case<>(
            made,
            (m, x) -> {
              Lstm.Result r = m.forward(x.get(0));
              return flat(r.output(), r.hidden(), r.cell());
            }));
  }

  private static void gru(String name, Supplier<Gru> made) {
    CASES.put(
        name,
        new Case<>(
            made,
            (m, x) -> {
              Gru.Result r = m.forward(x.get(0));
              return flat(r.output(), r.hidden());
            }));
  }

  private static Tensor flat(Tensor... parts) {
    return Tensor.concat(0, Stream.of(parts).map(p -> p.reshape(-1)).toArray(Tensor[]::new));
  }

  private static JsonNode cases() throws IOException {
    try (InputStream in = TorchLayersTest.class.getResourceAsStream("torch-layers.json")) {
      return new ObjectMapper().readTree(in);
    }
  }

  @Test
  void everyCaseHasALayer() throws IOException {
    List<String> names = new ArrayList<>();
    cases().forEach(c -> names.add(c.get("name").asText()));
    assertThat(names).containsExactlyInAnyOrderElementsOf(CASES.keySet());
  }

  @TestFactory
  Stream<DynamicTest> sameNumbersAsTorch() throws IOException {
    return StreamSupport.stream(cases().spliterator(), false)
        .map(c -> dynamicTest(c.get("name").asText(), () -> check(c)));
  }

  private static void check(JsonNode c) {
    Map<String, Storage> state = new LinkedHashMap<>();
    c.get("state")
        .properties()
        .forEach(e -> state.put(e.getKey(), Storage.of(floats(e.getValue().get("values")))));
    List<Variable> variables = new ArrayList<>();
    List<Tensor> inputs = new ArrayList<>();
    for (JsonNode in : c.get("inputs")) {
      Variable v =
          new Variable("x", Storage.of(floats(in.get("values"))), shape(in.get("shape")), true);
      variables.add(v);
      inputs.add(Tensor.of(v.node()));
    }
    List<NamedParameter> parameters = new ArrayList<>();
    Tensor y = CASES.get(c.get("name").asText()).run(state, inputs, parameters);
    near("result", y.toFloats(), c.get("result"));
    int n = y.shape().size();
    float[] weights = new float[n];
    for (int i = 0; i < n; i++) {
      weights[i] = (i + 1f) / n;
    }
    y.mul(Tensor.of(Storage.of(weights), y.shape())).sum().backward();
    for (int i = 0; i < variables.size(); i++) {
      float[] gradient = Tensor.of(variables.get(i).gradient()).toFloats();
      near("gradient " + i, gradient, c.get("gradients").get(i));
    }
    for (NamedParameter p : parameters) {
      near(p.name(), p.parameter().grad().toFloats(), c.get("stateGradients").get(p.name()));
    }
  }

  private static void near(String what, float[] actual, JsonNode expected) {
    double[] e = new double[expected.size()];
    for (int i = 0; i < e.length; i++) {
      e[i] = expected.get(i).asDouble();
    }
    Compare.close(what, actual, e, 2e-5, 2e-6);
  }

  private static Shape shape(JsonNode n) {
    return Shape.of(
        StreamSupport.stream(n.spliterator(), false).mapToInt(JsonNode::asInt).toArray());
  }

  private static float[] floats(JsonNode n) {
    float[] v = new float[n.size()];
    for (int i = 0; i < v.length; i++) {
      v[i] = (float) n.get(i).asDouble();
    }
    return v;
  }

  @Test
  void whatDoesNotFitIsSaid() {
    wrong(() -> new GroupNorm(3, 4), "GroupNorm(3, 4): the groups must divide");
    wrong(() -> new MultiheadAttention(8, 3), "MultiheadAttention(8, 3): the heads must divide");
    wrong(() -> new MaxPool2d(3, 2, 2), "MaxPool2d(3, 2, 2)");
    wrong(() -> new ConvTranspose2d(1, 1, 3, 2, 0, 2, true), "outputPadding is 2");
    wrong(() -> new Lstm(3, 0), "Lstm(3, 0, 1)");
    wrong(() -> new PRelu(0), "PRelu(0)");
    wrong(() -> new AdaptiveAvgPool2d(0, 1), "AdaptiveAvgPool2d(0, 1)");
    unfit(() -> new GroupNorm(2, 4).forward(Tensor.zeros(2, 3)), "input of shape (2, 3)");
    unfit(() -> new MaxPool2d(2).forward(Tensor.zeros(2, 3)), "input of shape (2, 3)");
    unfit(() -> new Gru(3, 4).forward(Tensor.zeros(2, 0, 3)), "Gru: input of shape (2, 0, 3)");
    unfit(
        () -> new ConvTranspose2d(2, 1, 3, 1, 0).forward(Tensor.zeros(1, 3, 4, 4)),
        "needed (batch, 2, h, w)");
  }

  private static void wrong(Supplier<?> call, String message) {
    assertThatThrownBy(call::get)
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining(message);
  }

  private static void unfit(Supplier<?> call, String message) {
    assertThatThrownBy(call::get).isInstanceOf(ShapeException.class).hasMessageContaining(message);
  }
}
