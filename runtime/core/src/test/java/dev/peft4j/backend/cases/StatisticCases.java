package dev.peft4j.backend.cases;

import static dev.peft4j.backend.cases.In.normal;
import static dev.peft4j.backend.cases.In.uniform;

import java.util.List;

/** Statistics along axes, running sums and products. */
final class StatisticCases {
  private StatisticCases() {}

  static List<OpCase> all() {
    CaseList c = new CaseList();
    int[][] axes = {{}, {0}, {-1}, {0, 1}};
    for (int[] shape : new int[][] {{3, 4}, {2, 3, 4}, {17, 33}, {2, 1025}}) {
      for (int[] a : axes) {
        String of = " over " + java.util.Arrays.toString(a);
        c.add("min" + of, x -> x[0].min(a), normal(shape));
        c.add("minKeep" + of, x -> x[0].minKeep(a).mul(x[0]), normal(shape));
        c.add("var" + of, x -> x[0].variance(a), normal(shape));
        c.add("std" + of, x -> x[0].std(a), normal(shape));
        c.add("norm" + of, x -> x[0].norm(a), normal(shape));
        c.add("norm 3" + of, x -> x[0].norm(3, a), uniform(0.3f, 2, shape));
        c.add("norm 1" + of, x -> x[0].norm(1, a), normal(shape));
        c.add("logsumexp" + of, x -> x[0].logsumexp(a), normal(shape));
        if (shape.length < 4 && shape[shape.length - 1] < 33) {
          c.add("prod" + of, x -> x[0].prod(a), uniform(0.5f, 2, shape));
        }
      }
      c.add(1e-6, "cumsum 0", x -> x[0].cumsum(0), normal(shape));
      c.add(1e-5, "cumsum -1", x -> x[0].cumsum(-1), normal(shape));
    }
    c.add("prod of none", x -> x[0].prod(1).add(x[1]), normal(3, 0), normal(3));
    c.add("cumsum of none", x -> x[0].cumsum(1), normal(3, 0));
    c.add("cosineSimilarity", x -> x[0].cosineSimilarity(x[1], -1), normal(3, 7), normal(3, 7));
    for (int[] shape : new int[][] {{}, {1}, {17}, {3, 5}, {1025}}) {
      c.add("softplus", x -> x[0].softplus(), In.wide(5, shape));
      c.add("expm1", x -> x[0].expm1(), normal(shape));
      c.add("elu", x -> x[0].elu(0.5f), normal(shape));
      c.add("leakyRelu", x -> x[0].leakyRelu(0.1f), normal(shape));
      c.add("clamp", x -> x[0].clamp(-0.5f, 0.7f), normal(shape));
      c.add("sign", x -> x[0].sign().mul(x[0]), normal(shape));
      c.add("maximum 0.5", x -> x[0].maximum(0.5f), normal(shape));
      c.add("minimum 0.5", x -> x[0].minimum(0.5f), normal(shape));
      c.add("gt", x -> x[0].gt(x[1]).mul(x[0]), normal(shape), normal(shape));
      c.add("le", x -> x[0].le(0.1f).mul(x[0]), normal(shape));
      c.add("ne", x -> x[0].ne(x[1]).mul(x[0]), normal(shape), normal(shape));
      c.add(
          "where",
          x -> x[0].where(x[1].lt(x[2]), x[2]),
          normal(shape),
          normal(shape),
          normal(shape));
    }
    return c.cases;
  }
}
