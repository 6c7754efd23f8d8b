package dev.peft4j.tensor;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.DynamicTest.dynamicTest;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.peft4j.data.Shape;
import dev.peft4j.data.Storage;
import dev.peft4j.graph.Variable;
import java.io.IOException;
import java.io.InputStream;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import java.util.stream.StreamSupport;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;

/** Results and gradients of torch 2.13 for the operations that have torch's names. */
class TorchOpsTest {
  private interface Op {
    Tensor of(Tensor[] x);
  }

  private static final Tensor LABELS = Tensor.of(new long[] {2, 0, 3});
  private static final Tensor SOME_IGNORED = Tensor.of(new long[] {2, -100, 3});
  private static final Tensor WEIGHTS = Tensor.of(new float[] {.5f, 2, 1, .25f});
  private static final Map<String, Op> OPS = new TreeMap<>();

  private static void op(String name, Op op) {
    OPS.put(name, op);
  }

  static {
    op("eq", x -> x[0].eq(x[1]));
    op("ne", x -> x[0].ne(x[1]));
    op("gt", x -> x[0].gt(x[1]));
    op("ge", x -> x[0].ge(x[1]));
    op("lt", x -> x[0].lt(x[1]));
    op("le", x -> x[0].le(x[1]));
    op("where", x -> x[0].where(x[0].gt(0), x[1].mul(2)));
    op("clamp", x -> x[0].clamp(-1, 1));
    op("clampMin", x -> x[0].clampMin(0));
    op("clampMax", x -> x[0].clampMax(1));
    op("maximum1", x -> x[0].maximum(1));
    op("minimum1", x -> x[0].minimum(1));
    op("sign", x -> x[0].sign().mul(x[0]));
    op("expm1", x -> x[0].clamp(-5, 3).expm1());
    op("softplus", x -> x[0].softplus());
    op("elu", x -> x[0].elu(0.7f));
    op("leakyRelu", x -> x[0].leakyRelu(0.1f));
    op("min", x -> x[0].min(1));
    op("minAll", x -> x[0].min());
    op("prod", x -> x[0].prod(1));
    op("prodAll", x -> x[0].prod());
    op("prod0", x -> x[0].prod(0));
    op("var", x -> x[0].variance(1));
    op("varAll", x -> x[0].variance());
    op("var0", x -> x[0].variance(0, new int[] {0}));
    op("std", x -> x[0].std(0));
    op("norm", x -> x[0].norm(1));
    op("normAll", x -> x[0].norm());
    op("norm1", x -> x[0].norm(1, new int[] {1}));
    op("norm3", x -> x[0].norm(3, new int[] {0}));
    op("normInf", x -> x[0].norm(Float.POSITIVE_INFINITY, new int[] {1}));
    op("normZero", x -> x[0].norm(0));
    op("logsumexp", x -> x[0].logsumexp(1));
    op("logsumexpBig", x -> x[0].mul(1e4f).logsumexp(0, 1));
    op("cumsum", x -> x[0].cumsum(1));
    op("cumsum0", x -> x[0].cumsum(0));
    op("cosine", x -> x[0].cosineSimilarity(x[1], 1));
    op("gather", x -> x[0].gather(1, x[1]));
    op("gather0", x -> x[0].gather(0, x[1]));
    op("scatterAdd", x -> x[0].scatterAdd(1, x[1], x[2]));
    op("scatter", x -> x[0].scatter(0, x[1], x[2]));
    op("indexSelect", x -> x[0].indexSelect(1, x[1]));
    op("indexSelect0", x -> x[0].indexSelect(0, x[1]));
    op("oneHot", x -> x[0].oneHot(4));
    op("squeeze", x -> x[0].slice(0, 0, 1).squeeze(0).mul(2));
    op("unsqueeze", x -> x[0].unsqueeze(1).mul(2));
    op("expand", x -> x[0].slice(1, 0, 1).expand(2, -1, 4).exp());
    op("repeat", x -> x[0].repeat(2, 1, 3).exp());
    op("flip", x -> x[0].flip(0, 1).exp());
    op("roll", x -> x[0].roll(-1, 1).exp());
    op("stack", x -> Tensor.stack(1, x).exp());
    op("stackLast", x -> Tensor.stack(-1, x).exp());
    op("split", x -> x[0].split(3, 1).get(1).exp());
    op("chunk", x -> x[0].chunk(3, 1).get(0).exp());
    op("tril", x -> x[0].tril(-1).exp());
    op("triu", x -> x[0].triu(1).exp());
    op("einsumMm", x -> Tensor.einsum("ij,jk->ik", x));
    op("einsumBatch", x -> Tensor.einsum("bij, bkj -> bik", x));
    op("einsumOuter", x -> Tensor.einsum("ij,kl->ljki", x));
    op("einsumTrace", x -> Tensor.einsum("bii->b", x));
    op("einsumImplicit", x -> Tensor.einsum("bij,jk", x));
    op("einsumThree", x -> Tensor.einsum("ij,ij,kj->ik", x));
    op("einsumSum", x -> Tensor.einsum("bij,kj->i", x));
    op("sort", x -> x[0].sort(1, false).values().mul(upTo(4)));
    op("sortDown", x -> x[0].sort(0, true).values().mul(upTo(3).unsqueeze(1)));
    op("topk", x -> x[0].topk(2, 1).values().exp());
    op("argmax", x -> x[0].argmax(1).toFloat());
    op("argmin0", x -> x[0].argmin(0).toFloat());
    op("sortIndices", x -> x[0].sort(1, false).indices().toFloat());
    op("topkIndices", x -> x[0].topk(3, 0).indices().toFloat());
    op("ceWeights", x -> x[0].crossEntropy(SOME_IGNORED, WEIGHTS, 0, -100));
    op("ceSmooth", x -> x[0].crossEntropy(SOME_IGNORED, null, 0.1f, -100));
    op("ceBoth", x -> x[0].crossEntropy(LABELS, WEIGHTS, 0.2f, -100));
    op("nll", x -> x[0].nllLoss(LABELS));
    op("l1", x -> x[0].l1Loss(x[1]));
    op("smoothL1", x -> x[0].smoothL1Loss(x[1], 0.7f, Reduction.MEAN));
    op("huber", x -> x[0].huberLoss(x[1], 0.7f, Reduction.SUM));
    op("bce", x -> x[0].bceWithLogitsLoss(x[1]));
    op("bceWeights", x -> x[0].bceWithLogitsLoss(x[1], WEIGHTS, WEIGHTS.mul(3), Reduction.MEAN));
    op("kl", x -> x[0].klDivLoss(x[1], Reduction.BATCH_MEAN));
    op(
        "klZero",
        x -> x[0].klDivLoss(Tensor.of(new float[] {0, 1, 0, .5f}).expand(3, 4), Reduction.SUM));
    op(
        "cosineEmbedding",
        x ->
            x[0].cosineEmbeddingLoss(
                x[1], Tensor.of(new float[] {1, -1, 1}), -0.5f, Reduction.MEAN));
    op("mseNone", x -> x[0].mseLoss(x[1], Reduction.NONE));
  }

  private static Tensor upTo(int n) {
    return Tensor.arange(1, n + 1, 1).toFloat();
  }

  private static JsonNode cases() throws IOException {
    try (InputStream in = TorchOpsTest.class.getResourceAsStream("torch-ops.json")) {
      return new ObjectMapper().readTree(in);
    }
  }

  @Test
  void everyCaseHasAnOp() throws IOException {
    Set<String> names = new HashSet<>();
    cases().forEach(c -> names.add(c.get("name").asText()));
    assertThat(OPS.keySet()).containsExactlyInAnyOrderElementsOf(names);
  }

  @TestFactory
  Stream<DynamicTest> sameNumbersAsTorch() throws IOException {
    return StreamSupport.stream(cases().spliterator(), false)
        .map(c -> dynamicTest(c.get("name").asText(), () -> check(c)));
  }

  private static void check(JsonNode c) {
    List<Variable> variables = new ArrayList<>();
    Tensor[] x = new Tensor[c.get("inputs").size()];
    for (int i = 0; i < x.length; i++) {
      JsonNode in = c.get("inputs").get(i);
      Shape shape = shape(in.get("shape"));
      boolean ints = in.get("ints").asBoolean();
      Storage values =
          ints
              ? Storage.of(IntStream.range(0, shape.size()).mapToLong(k -> at(in, k)).toArray())
              : Storage.of(floats(in.get("values")));
      Variable v = ints ? null : new Variable("x" + i, values, shape, true);
      variables.add(v);
      x[i] = ints ? Tensor.of(values, shape) : Tensor.of(v.node());
    }
    Tensor y = OPS.get(c.get("name").asText()).of(x);
    assertThat(y.shape()).isEqualTo(shape(c.get("shape")));
    near("result", y.toFloats(), floats(c.get("result")));
    JsonNode gradients = c.get("gradients");
    if (StreamSupport.stream(gradients.spliterator(), false).allMatch(JsonNode::isNull)) {
      return;
    }
    int n = y.shape().size();
    float[] weights = new float[n];
    for (int i = 0; i < n; i++) {
      weights[i] = (i + 1f) / n;
    }
    y.mul(Tensor.of(Storage.of(weights), y.shape())).sum().backward();
    for (int i = 0; i < x.length; i++) {
      if (!gradients.get(i).isNull()) {
        float[] expected = floats(gradients.get(i));
        float[] actual =
            variables.get(i).gradient() == null
                ? new float[expected.length]
                : Tensor.of(variables.get(i).gradient()).toFloats();
        near("gradient " + i, actual, expected);
      }
    }
  }

  private static long at(JsonNode in, int k) {
    return in.get("values").get(k).asLong();
  }

  private static void near(String what, float[] actual, float[] expected) {
    assertThat(actual).as(what).hasSameSizeAs(expected);
    for (int i = 0; i < actual.length; i++) {
      float tolerance = Math.max(1e-8f, 2e-6f * Math.abs(expected[i]));
      if (Math.abs(expected[i]) > 1e-3f) {
        tolerance = Math.max(tolerance, 1e-6f);
      }
      assertThat(actual[i])
          .as(what + " at " + i)
          .isCloseTo(expected[i], org.assertj.core.data.Offset.offset(tolerance));
    }
  }

  private static Shape shape(JsonNode n) {
    int[] d = new int[n.size()];
    for (int i = 0; i < d.length; i++) {
      d[i] = n.get(i).asInt();
    }
    return Shape.of(d);
  }

  private static float[] floats(JsonNode n) {
    float[] v = new float[n.size()];
    for (int i = 0; i < v.length; i++) {
      v[i] = (float) n.get(i).asDouble();
    }
    return v;
  }
}
