package dev.peft4j.backend.cases;

import dev.peft4j.data.Rng;
import dev.peft4j.graph.Variable;
import java.util.HashMap;
import java.util.Map;
import org.assertj.core.api.Assertions;

/**
 * Checks gradients against central differences of the {@link DoubleOracle}: in each coordinate when
 * there are few, else along random directions and in a few coordinates.
 */
public final class FiniteDifferences {
  private static final double STEP = 1e-5;
  private static final double RELATIVE = 1e-4;

  private FiniteDifferences() {}

  /** Checks the gradients of a case, unless it is one of those that are only there to be large. */
  public static void check(OpCase c, OpCase.Outcome outcome) {
    OpCase.Graph graph = c.build();
    if (graph.loss() == null || outcome.value().length > 20_000) {
      return;
    }
    for (int i = 0; i < graph.variables().size(); i++) {
      Variable v = graph.variables().get(i);
      float[] gradient = outcome.gradients().get(i);
      int n = gradient.length;
      Rng rng = new Rng(i);
      if (n <= 12) {
        for (int k = 0; k < n; k++) {
          along(c, graph, v, gradient, coordinate(n, k), "x" + i + "[" + k + "]");
        }
        continue;
      }
      for (int k = 0; k < (n > 2000 ? 1 : 2); k++) {
        double[] direction = Compare.doubles(rng.normal(n, 0, 1));
        along(c, graph, v, gradient, direction, "x" + i + " along direction " + k);
      }
      for (int k = 0; k < (n > 2000 ? 1 : 3); k++) {
        int at = (int) (rng.nextDouble() * n);
        along(c, graph, v, gradient, coordinate(n, at), "x" + i + "[" + at + "]");
      }
    }
  }

  private static double[] coordinate(int n, int k) {
    double[] d = new double[n];
    d[k] = 1;
    return d;
  }

  private static void along(
      OpCase c, OpCase.Graph graph, Variable v, float[] gradient, double[] direction, String what) {
    double[] at = DoubleOracle.doubles(v.storage());
    double up = loss(graph, v, at, direction, STEP);
    double down = loss(graph, v, at, direction, -STEP);
    double expected = (up - down) / (2 * STEP);
    double actual = 0;
    double terms = 0;
    double largest = 0;
    for (int i = 0; i < direction.length; i++) {
      actual += gradient[i] * direction[i];
      terms += Math.abs(gradient[i] * direction[i]);
      largest = Math.max(largest, Math.abs(gradient[i]));
    }
    double allowed = RELATIVE * (terms + largest) + 10 * c.absolute() + 1e-9 * Math.abs(up);
    if (!(Math.abs(actual - expected) <= allowed)) {
      Assertions.fail(
          "%s: the gradient of %s is %s, differences say %s (allowed are %s)",
          c, what, actual, expected, allowed);
    }
  }

  private static double loss(
      OpCase.Graph graph, Variable v, double[] at, double[] direction, double step) {
    double[] moved = at.clone();
    for (int i = 0; i < moved.length; i++) {
      moved[i] += step * direction[i];
    }
    Map<Variable, double[]> values = new HashMap<>();
    values.put(v, moved);
    return new DoubleOracle(values).value(graph.loss().node())[0];
  }
}
