package dev.peft4j.backend;

import static org.assertj.core.api.Assertions.assertThat;

import dev.peft4j.backend.cases.Compare;
import dev.peft4j.backend.cases.DoubleOracle;
import dev.peft4j.backend.cpu.CheckedCpu;
import dev.peft4j.backend.cpu.CpuBackend;
import dev.peft4j.backend.reference.ReferenceBackend;
import dev.peft4j.data.Rng;
import dev.peft4j.fuzz.Attack;
import dev.peft4j.graph.Node;
import dev.peft4j.graph.Variable;
import dev.peft4j.tensor.Tensor;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Random graphs over small and empty dimensions: every backend against each op's formula in double
 * precision (so that a mistake that all programs share shows up as well), and gradients against
 * differences.
 */
class SmallGraphsTest {
  private static final int ROUNDS = Attack.rounds(500);
  private static final double STEP = 1e-5;

  @ParameterizedTest
  @ValueSource(strings = {"checked cpu", "cpu", "reference"})
  void everythingIsWhatItsFormulaSays(String name) {
    Backend backend =
        switch (name) {
          case "checked cpu" -> CheckedCpu.backend();
          case "cpu" -> new CpuBackend();
          default -> new ReferenceBackend();
        };
    for (long seed = 0; seed < ROUNDS; seed++) {
      String what = name + ", graph " + seed + ", result ";
      List<double[]> expected = expected(seed);
      List<float[]> actual = compute(what, backend, SmallGraphs.build(seed));
      assertThat(actual).as(what).hasSameSizeAs(expected);
      for (int i = 0; i < actual.size(); i++) {
        Compare.close(what + i, actual.get(i), expected.get(i), 1e-4, 1e-5);
      }
    }
  }

  private static List<double[]> expected(long seed) {
    DoubleOracle oracle = new DoubleOracle(Map.of());
    List<double[]> values = new ArrayList<>();
    for (Node n : SmallGraphs.build(seed).roots()) {
      double[] v = oracle.value(n);
      assertThat(v).as("graph %s: %s", seed, n.describe()).hasSize(n.shape().size());
      values.add(v);
    }
    return values;
  }

  private static List<float[]> compute(String what, Backend backend, SmallGraphs.Built built) {
    List<Node> roots = built.roots();
    try {
      return Backends.with(
          backend,
          () -> {
            Engine.evaluate(roots, Collections.nCopies(roots.size(), null), () -> {});
            return roots.stream().map(n -> Tensor.of(n).toFloats()).toList();
          });
    } catch (RuntimeException e) {
      throw new AssertionError(what + "none", e);
    }
  }

  /** In double precision; what backends compute is compared with that above. */
  @Test
  void gradientsAreWhatDifferencesSay() {
    int compared = 0;
    for (long seed = 0; seed < ROUNDS; seed++) {
      SmallGraphs.Built built = SmallGraphs.build(seed);
      if (!built.smooth()) {
        continue;
      }
      DoubleOracle oracle = new DoubleOracle(Map.of());
      Rng rng = new Rng(seed);
      for (Variable v : built.variables()) {
        double[] at = DoubleOracle.doubles(v.storage());
        if (at.length == 0) {
          continue;
        }
        double[] gradient =
            v.gradient() == null ? new double[at.length] : oracle.value(v.gradient());
        int k = (int) (rng.nextDouble() * at.length);
        double difference =
            (moved(built, v, at, k, STEP) - moved(built, v, at, k, -STEP)) / (2 * STEP);
        assertThat(gradient[k])
            .as("graph %s: gradient %s of %s", seed, k, v.name())
            .isCloseTo(
                difference,
                org.assertj.core.api.Assertions.within(1e-4 + 1e-4 * Math.abs(difference)));
        compared++;
      }
    }
    assertThat(compared).isGreaterThan(ROUNDS / 2);
  }

  private static double moved(
      SmallGraphs.Built built, Variable v, double[] at, int k, double step) {
    double[] moved = at.clone();
    moved[k] += step;
    Map<Variable, double[]> values = new HashMap<>();
    values.put(v, moved);
    return new DoubleOracle(values).value(built.loss().node())[0];
  }
}
