package dev.peft4j.backend.cases;

import static dev.peft4j.backend.cases.In.binary;
import static dev.peft4j.backend.cases.In.normal;
import static dev.peft4j.backend.cases.In.uniform;

import dev.peft4j.data.Shape;
import dev.peft4j.graph.BroadcastTo;
import dev.peft4j.graph.Node;
import dev.peft4j.graph.SumTo;
import dev.peft4j.op.MaxTo;
import dev.peft4j.tensor.Tensor;
import java.util.List;

/** Element-wise ops whose inputs broadcast, and broadcasting itself. */
final class BroadcastCases {
  private static final int[][][] PAIRS = {
    {{}, {}},
    {{3}, {}},
    {{}, {3}},
    {{1}, {7}},
    {{1, 1}, {7}},
    {{4, 3}, {3}},
    {{3}, {4, 3}},
    {{4, 3}, {4, 1}},
    {{4, 1}, {1, 3}},
    {{2, 3, 4}, {3, 1}},
    {{2, 1, 4}, {3, 1}},
    {{2, 3, 4}, {1, 3, 1}},
    {{2, 3, 4, 5}, {3, 1, 5}},
    {{3, 1, 5}, {2, 3, 4, 5}},
    {{5, 1, 7}, {1, 6, 1}},
    {{2, 1, 3, 1}, {1, 4, 1, 5}},
    {{17, 33}, {33}},
    {{65, 17}, {65, 1}},
    {{7, 16, 1}, {7, 1, 17}},
    {{1, 1025}, {3, 1}},
    {{0, 3}, {3}},
  };

  private BroadcastCases() {}

  static List<OpCase> all() {
    CaseList c = new CaseList();
    for (int[][] p : PAIRS) {
      c.add("add", x -> x[0].add(x[1]), normal(p[0]), normal(p[1]));
      c.add("sub", x -> x[0].sub(x[1]), normal(p[0]), normal(p[1]));
      c.add("mul", x -> x[0].mul(x[1]), normal(p[0]), normal(p[1]));
      c.add("div", x -> x[0].div(x[1]), normal(p[0]), uniform(0.5f, 2, p[1]));
      c.add("maximum", x -> x[0].maximum(x[1]), normal(p[0]), normal(p[1]));
      c.add("minimum", x -> x[0].minimum(x[1]), normal(p[0]), normal(p[1]));
      c.add("maskedFill", x -> x[0].maskedFill(x[1], -5), normal(p[0]), binary(p[1]));
      c.add("mul, right frozen", x -> x[0].mul(x[1]), normal(p[0]), normal(p[1]).frozen());
      c.add("mul, left frozen", x -> x[0].mul(x[1]), normal(p[0]).frozen(), normal(p[1]));
    }
    c.add("add", x -> x[0].add(x[1]), normal(300, 401), normal(401));
    c.add("mul", x -> x[0].mul(x[1]), normal(300, 401), normal(300, 1));
    c.add("mul", x -> x[0].mul(x[1]), normal(7, 131, 111), normal(131, 1));
    c.add(
        "three ways",
        x -> x[0].mul(x[1]).add(x[2]).tanh(),
        normal(5, 1, 7),
        normal(6, 1),
        normal(7));
    c.add(
        "chain to a scalar",
        x -> x[0].sub(x[1]).square().mul(x[2]),
        normal(),
        normal(3, 4),
        normal(4));
    to(c, new int[] {}, new int[] {2, 3});
    to(c, new int[] {1}, new int[] {17});
    to(c, new int[] {3}, new int[] {2, 3});
    to(c, new int[] {2, 1}, new int[] {2, 7});
    to(c, new int[] {3, 1, 5}, new int[] {2, 3, 4, 5});
    to(c, new int[] {1, 4, 1}, new int[] {3, 4, 65});
    to(c, new int[] {300, 1}, new int[] {300, 401});
    c.add(
        "broadcastTo of a sum",
        x -> broadcast(x[0].sumKeep(1).exp(), 4, 7).softmax(0),
        normal(4, 7));
    return c.cases;
  }

  private static void to(CaseList c, int[] small, int[] large) {
    Shape s = Shape.of(small);
    c.add("broadcastTo " + Shape.of(large), x -> broadcast(x[0], large), normal(small));
    c.add("sumTo " + s, x -> Tensor.of(SumTo.of(x[0].node(), s)), normal(large));
    c.add("maxTo " + s, x -> Tensor.of(Node.of(new MaxTo(s), x[0].node())), normal(large));
  }

  private static Tensor broadcast(Tensor x, int... dims) {
    return Tensor.of(BroadcastTo.of(x.node(), Shape.of(dims)));
  }
}
