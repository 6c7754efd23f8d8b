package dev.peft4j.backend.cases;

import static dev.peft4j.backend.cases.In.labels;
import static dev.peft4j.backend.cases.In.normal;
import static dev.peft4j.backend.cases.In.uniform;
import static dev.peft4j.backend.cases.In.wide;

import dev.peft4j.tensor.Tensor;
import java.util.List;

/** Softmax, norms and losses: ops along rows. */
final class RowCases {
  private static final int[][] SHAPES = {
    {1},
    {2},
    {7},
    {1025},
    {1, 1},
    {3, 2},
    {2, 3, 7},
    {5, 16},
    {4, 17},
    {7, 33},
    {2, 2, 2, 65},
    {130, 1000}
  };

  private RowCases() {}

  static List<OpCase> all() {
    CaseList c = new CaseList();
    for (int[] s : SHAPES) {
      c.add("softmax", x -> x[0].softmax(-1), normal(s));
      c.add("softmax of large numbers", x -> x[0].softmax(-1), wide(40, s));
      c.add("logSoftmax", x -> x[0].logSoftmax(-1), normal(s));
      c.add("logSoftmax of large numbers", x -> x[0].logSoftmax(-1), wide(40, s));
      norms(c, s);
    }
    for (int axis = 0; axis < 3; axis++) {
      int a = axis;
      c.add("softmax along " + a, x -> x[0].softmax(a), normal(3, 5, 7));
      c.add("logSoftmax along " + a, x -> x[0].logSoftmax(a), normal(3, 5, 7));
    }
    c.add("softmax of exp", x -> x[0].exp().softmax(-1).mul(x[0]), normal(3, 17));
    c.add("softmax used twice", x -> twice(x[0].softmax(-1)), normal(3, 17));
    c.add(
        "softmax behind a mask", x -> x[0].add(x[1]).softmax(-1), normal(4, 17), In.padding(4, 17));
    losses(c);
    return c.cases;
  }

  private static Tensor twice(Tensor p) {
    return p.mul(p.add(1e-3f).log());
  }

  private static void norms(CaseList c, int[] s) {
    int n = s[s.length - 1];
    // the gradient for two elements is a difference of nearly equal numbers: see the formula
    double absolute = n <= 2 ? 2e-3 : 1e-6;
    c.add(
        absolute,
        "layerNorm",
        x -> x[0].layerNorm(x[1], x[2], 1e-5f),
        normal(s),
        uniform(0.5f, 2, n),
        normal(n));
    c.add(
        absolute,
        "layerNorm, weights frozen",
        x -> x[0].mul(2).layerNorm(x[1], x[2], 1e-12f),
        normal(s),
        uniform(0.5f, 2, n).frozen(),
        normal(n).frozen());
    c.add(
        "layerNorm, input frozen",
        x -> x[0].layerNorm(x[1], x[2], 1e-5f),
        normal(s).frozen(),
        normal(n),
        normal(n));
    c.add(absolute, "rmsNorm", x -> x[0].rmsNorm(x[1], 1e-6f), normal(s), uniform(0.5f, 2, n));
    c.add(
        absolute,
        "rmsNorm, weight frozen",
        x -> x[0].rmsNorm(x[1], 1e-5f),
        normal(s),
        normal(n).frozen());
    c.add("rmsNorm, input frozen", x -> x[0].rmsNorm(x[1], 1e-5f), normal(s).frozen(), normal(n));
  }

  private static void losses(CaseList c) {
    int[][] logits = {{1, 1}, {1, 7}, {2, 2}, {5, 3}, {17, 33}, {7, 1025}, {200, 501}};
    for (int[] s : logits) {
      c.add("crossEntropy", x -> x[0].crossEntropy(x[1]), normal(s), In.ints(s[1], s[0]));
      c.add(
          "crossEntropy, some ignored",
          x -> x[0].crossEntropy(x[1]),
          normal(s),
          labels(s[1], -100, s[0]));
      if (s[1] > 1) {
        // log-sum-exp and logit are near 20, their difference may be near 0
        c.add(
            4e-6,
            "crossEntropy, ignoring 0",
            x -> x[0].crossEntropy(x[1], 0),
            wide(20, s),
            labels(s[1], 0, s[0]));
      }
    }
    c.add(
        "crossEntropy of a product",
        x -> x[0].matmul(x[1]).crossEntropy(x[2]).mul(3),
        normal(5, 7),
        normal(7, 4),
        labels(4, -100, 5));
  }
}
