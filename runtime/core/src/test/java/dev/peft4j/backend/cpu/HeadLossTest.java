package dev.peft4j.backend.cpu;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.peft4j.backend.Backend;
import dev.peft4j.backend.Backends;
import dev.peft4j.backend.Engine;
import dev.peft4j.backend.Profile;
import dev.peft4j.backend.cases.Compare;
import dev.peft4j.backend.reference.ReferenceBackend;
import dev.peft4j.data.Encoding;
import dev.peft4j.data.Encodings;
import dev.peft4j.data.IndexException;
import dev.peft4j.data.Rng;
import dev.peft4j.data.Shape;
import dev.peft4j.data.Storage;
import dev.peft4j.graph.Node;
import dev.peft4j.graph.Variable;
import dev.peft4j.op.HeadLoss;
import dev.peft4j.op.HeadMetrics;
import dev.peft4j.tensor.Tensor;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;

/** The loss of an output layer against that of its logits, and what it holds. */
class HeadLossTest {
  private final CpuBackend cpu = new CpuBackend();
  private final Rng rng = new Rng(5);

  static List<Encoding> coded() {
    return Encodings.all().stream()
        .filter(e -> e.dtype() == dev.peft4j.data.DType.FLOAT32 && !e.isPlain() && e.encodes())
        .toList();
  }

  private Variable variable(boolean trained, int... shape) {
    Shape s = Shape.of(shape);
    return new Variable("v", Storage.of(rng.normal(s.size(), 0, 1)), s, trained);
  }

  private Tensor labels(int n, int classes, double ignored) {
    long[] l = new long[n];
    for (int i = 0; i < n; i++) {
      l[i] = rng.nextDouble() < ignored ? -100 : (long) (rng.nextDouble() * classes);
    }
    return Tensor.of(l);
  }

  /** The loss and the gradients of the variables. */
  private List<float[]> computed(Tensor loss, Variable... variables) {
    return Backends.with(
        cpu,
        () -> {
          for (Variable v : variables) {
            v.clearGradient();
          }
          loss.backward();
          List<float[]> out = new ArrayList<>();
          out.add(loss.toFloats());
          for (Variable v : variables) {
            out.add(Tensor.of(Objects.requireNonNull(v.gradient())).toFloats());
          }
          return out;
        });
  }

  private void same(List<float[]> actual, List<float[]> expected) {
    for (int i = 0; i < expected.size(); i++) {
      Compare.close("value " + i, actual.get(i), Compare.doubles(expected.get(i)), 2e-5);
    }
  }

  /** One chunk of rows and several, panels of classes that end in the middle. */
  @ParameterizedTest
  @CsvSource({"1, 3, 2, 0", "40, 1100, 33, 0.4", "150, 300000, 4, 0.3", "129, 262145, 3, 0"})
  void isThatOfTheLogits(int n, int classes, int d, double ignored) {
    Variable x = variable(true, n, d);
    Variable w = variable(true, classes, d);
    Variable b = variable(true, classes);
    Tensor labels = labels(n, classes, ignored);
    Tensor h = Tensor.of(x.node());
    List<float[]> actual =
        computed(h.crossEntropyOfLinear(Tensor.of(w.node()), Tensor.of(b.node()), labels), x, w, b);
    Tensor logits = h.linear(Tensor.of(w.node()), Tensor.of(b.node()));
    same(actual, computed(logits.crossEntropy(labels), x, w, b));
  }

  @ParameterizedTest
  @MethodSource("coded")
  void aFrozenWeightIsReadAsItIsStored(Encoding encoding) {
    int classes = 2500;
    int d = 256;
    Storage codes = variable(false, classes, d).storage().copyAs(encoding);
    Tensor w = Tensor.of(new Variable("w", codes, Shape.of(classes, d), false).node()).toFloat();
    Tensor floats = Tensor.of(codes.copyAs(Encodings.FLOAT32), Shape.of(classes, d));
    Variable x = variable(true, 30, d);
    Tensor labels = labels(30, classes, 0.2);
    Tensor loss = Tensor.of(x.node()).crossEntropyOfLinear(w, null, labels);
    loss.backward();
    Node gradient = Objects.requireNonNull(x.gradient());
    assertThat(ops(loss.node(), gradient))
        .contains("HeadLossGrad")
        .doesNotContain("Decode", "HeadLoss");
    same(
        computed(Tensor.of(x.node()).crossEntropyOfLinear(w, null, labels), x),
        computed(Tensor.of(x.node()).linear(floats, null).crossEntropy(labels), x));
  }

  private List<String> ops(Node... roots) {
    return Engine.program(cpu, List.of(roots)).steps().stream().map(s -> s.op().name()).toList();
  }

  @Test
  void aLowRankPartIsAFurtherProduct() {
    Variable x = variable(true, 9, 8);
    Variable w = variable(false, 50, 8);
    Variable a = variable(true, 2, 8);
    Variable b = variable(true, 50, 2);
    Tensor labels = labels(9, 50, 0.2);
    Tensor h = Tensor.of(x.node());
    Tensor low = h.linear(Tensor.of(a.node()), null).mul(0.5f);
    Node loss =
        HeadLoss.of(
            List.of(new HeadLoss.Pair(h.node(), w.node()), new HeadLoss.Pair(low.node(), b.node())),
            null,
            labels.node(),
            HeadLoss.Rule.PLAIN,
            0.25f,
            2);
    Tensor logits =
        h.linear(Tensor.of(w.node()), null).add(low.linear(Tensor.of(b.node()), null)).mul(0.25f);
    Tensor capped = logits.mul(1 / 2f).tanh().mul(2);
    same(computed(Tensor.of(loss), x, a, b), computed(capped.crossEntropy(labels), x, a, b));
  }

  @Test
  void smoothingIsThatOfCrossEntropy() {
    Variable x = variable(true, 9, 8);
    Tensor w = Tensor.of(variable(false, 50, 8).node());
    Tensor labels = labels(9, 50, 0.2);
    Tensor h = Tensor.of(x.node());
    HeadLoss.Rule rule = new HeadLoss.Rule(-100, 0.2f, false);
    same(
        computed(loss(h, w, labels, rule), x),
        computed(h.linear(w, null).crossEntropy(labels, null, 0.2f, -100), x));
  }

  /** Each row's loss times the probability of its label, through which no gradient flows. */
  @Test
  void byProbabilityIsTheLossTimesAConstant() {
    Variable x = variable(true, 1, 8);
    Tensor w = Tensor.of(variable(false, 50, 8).node());
    Tensor labels = labels(1, 50, 0);
    Tensor h = Tensor.of(x.node());
    Tensor plain = h.linear(w, null).crossEntropy(labels);
    float p = (float) Math.exp(-plain.item());
    same(
        computed(loss(h, w, labels, new HeadLoss.Rule(-100, 0, true)), x),
        computed(h.linear(w, null).crossEntropy(labels).mul(p), x));
  }

  /** Accuracy and entropy of the rows that count; in a training step from its one pass. */
  @ParameterizedTest
  @CsvSource({"true, 0, true", "true, 3, false", "false, 0, true", "false, 3, false"})
  void metricsAreThoseOfTheLogits(boolean trained, float cap, boolean reference) {
    Variable x = variable(trained, 40, 8);
    Variable w = variable(trained, 30, 8);
    Variable bias = variable(trained, 30);
    Tensor labels = labels(40, 30, 0.3);
    Node loss =
        HeadLoss.of(
            List.of(new HeadLoss.Pair(x.node(), w.node())),
            bias.node(),
            labels.node(),
            HeadLoss.Rule.PLAIN,
            0.5f,
            cap,
            true);
    Node metrics = HeadMetrics.of(loss);
    Tensor logits =
        Tensor.of(x.node()).linear(Tensor.of(w.node()), Tensor.of(bias.node())).mul(0.5f);
    Tensor capped = cap == 0 ? logits : logits.mul(1 / cap).tanh().mul(cap);
    float[] plain = capped.toFloats();
    long[] own = labels.toLongs();
    double hits = 0;
    double entropy = 0;
    int count = 0;
    for (int r = 0; r < 40; r++) {
      if (own[r] == -100) {
        continue;
      }
      float[] row = Arrays.copyOfRange(plain, r * 30, r * 30 + 30);
      double sum = 0;
      float most = Float.NEGATIVE_INFINITY;
      for (float z : row) {
        sum += Math.exp(z);
        most = Math.max(most, z);
      }
      for (float z : row) {
        entropy -= Math.exp(z) / sum * (z - Math.log(sum));
      }
      hits += row[(int) own[r]] == most ? 1 : 0;
      count++;
    }
    Backend on = reference ? new ReferenceBackend() : cpu;
    float[] found = Backends.with(on, () -> metrics(loss, metrics, trained));
    assertThat(hits).isPositive();
    assertThat(found[0]).isCloseTo((float) (hits / count), within(1e-6f));
    assertThat(found[1]).isCloseTo((float) (entropy / count), within(2e-6f));
    assertThat(found[2]).isCloseTo(capped.crossEntropy(labels).item(), within(2e-6f));
    if (trained && !reference) {
      same(
          computed(Tensor.of(loss), x, w, bias), computed(capped.crossEntropy(labels), x, w, bias));
      Tensor.of(loss).backward();
      List<Node> roots = new ArrayList<>(List.of(loss, metrics));
      roots.add(Objects.requireNonNull(x.gradient()));
      assertThat(ops(roots.toArray(new Node[0])))
          .filteredOn(o -> o.startsWith("Head"))
          .containsExactly("HeadLossGrad");
    }
  }

  private static float[] metrics(Node loss, Node metrics, boolean trained) {
    if (trained) {
      metrics.retain();
      Tensor.of(loss).backward();
    }
    return Tensor.of(metrics).toFloats();
  }

  private static Tensor loss(Tensor x, Tensor w, Tensor labels, HeadLoss.Rule rule) {
    HeadLoss.Pair pair = new HeadLoss.Pair(x.node(), w.node());
    return Tensor.of(HeadLoss.of(List.of(pair), null, labels.node(), rule, 1, 0));
  }

  /** Twice the rows: only the hidden states and what belongs to a row grows. */
  @Test
  void doesNotHoldTheLogits() {
    int classes = 200_000;
    long small = planned(512, classes);
    long large = planned(1024, classes);
    assertThat(large).isLessThan(4L * 512 * classes / 3);
    // the rows of a chunk differ a little, since all chunks have as many
    assertThat(large - small).isLessThan(4L * 512 * 16 * 4 + 4L * 8 * classes);
  }

  private long planned(int n, int classes) {
    Variable x = variable(true, n, 16);
    Tensor w = Tensor.of(variable(false, classes, 16).node());
    Tensor labels = labels(n, classes, 0.9);
    Profile profile = new Profile();
    profile.measure(() -> computed(Tensor.of(x.node()).crossEntropyOfLinear(w, null, labels), x));
    return profile.plannedBytes();
  }

  /** The logits of the decomposition, which other backends run, do not all live at once either. */
  @Test
  void theDecompositionDoesNotHoldThemEither() {
    int classes = 100_000;
    Tensor w = Tensor.of(variable(false, classes, 4).node());
    Variable x = variable(true, 512, 4);
    Tensor.of(x.node()).crossEntropyOfLinear(w, null, labels(512, classes, 0)).backward();
    Node gradient = Objects.requireNonNull(x.gradient());
    var program = Engine.program(Backends.named("reference"), List.of(gradient));
    long bytes = dev.peft4j.backend.MemoryPlan.of(program, new boolean[program.values()]).bytes();
    assertThat(bytes).isLessThan(4L * 512 * classes / 2);
  }

  @Test
  void nothingThatCountsIsNoNumberAndNoGradient() {
    Variable x = variable(true, 3, 4);
    Tensor w = Tensor.of(variable(false, 5, 4).node());
    Tensor labels = Tensor.of(new long[] {-100, -100, -100});
    List<float[]> out = computed(Tensor.of(x.node()).crossEntropyOfLinear(w, null, labels), x);
    assertThat(out.get(0)).containsExactly(Float.NaN);
    assertThat(out.get(1)).containsOnly(0);
  }

  @Test
  void aWrongLabelIsNamed() {
    Tensor x = Tensor.of(variable(false, 2, 4).node());
    Tensor w = Tensor.of(variable(false, 5, 4).node());
    Tensor loss = x.crossEntropyOfLinear(w, null, Tensor.of(new long[] {1, 7}));
    assertThatThrownBy(() -> Backends.with(cpu, loss::item))
        .isInstanceOf(IndexException.class)
        .hasMessageContaining("label 7 in row 1 is out of range for 5 classes");
  }

  @Test
  void shapesThatDoNotFitAreNamed() {
    Tensor x = Tensor.of(variable(false, 2, 4).node());
    Tensor w = Tensor.of(variable(false, 5, 3).node());
    @Nullable Tensor none = null;
    assertThatThrownBy(() -> x.crossEntropyOfLinear(w, none, Tensor.of(new long[] {1, 2})))
        .hasMessageContaining("FLOAT32 (2, 4), FLOAT32 (5, 3)");
  }
}
