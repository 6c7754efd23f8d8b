package dev.peft4j.backend.cases;

import static dev.peft4j.backend.cases.In.ints;
import static dev.peft4j.backend.cases.In.labels;
import static dev.peft4j.backend.cases.In.longs;
import static dev.peft4j.backend.cases.In.normal;

import dev.peft4j.graph.Node;
import dev.peft4j.op.Causal;
import dev.peft4j.op.KeepSamples;
import dev.peft4j.op.OneHot;
import dev.peft4j.op.RowDots;
import dev.peft4j.op.SampleLinear;
import dev.peft4j.op.ScatterAdd;
import dev.peft4j.op.SparseProduct;
import dev.peft4j.op.WriteRows;
import dev.peft4j.tensor.Tensor;
import java.util.List;

/** Ops that read integers. */
final class LookupCases {
  private LookupCases() {}

  static List<OpCase> all() {
    CaseList c = new CaseList();
    int[][] ids = {{}, {1}, {5}, {17}, {2, 3}, {2, 3, 4}, {0}};
    for (int[] shape : ids) {
      c.add("gather", x -> x[0].embedding(x[1]), normal(1, 1), ints(1, shape));
      c.add("gather", x -> x[0].embedding(x[1]), normal(10, 7), ints(10, shape));
      c.add("gather", x -> x[0].embedding(x[1]), normal(33, 17), longs(33, shape));
      int[] rows = java.util.Arrays.copyOf(shape, shape.length + 1);
      rows[shape.length] = 7;
      c.add("scatterAdd", x -> scatter(9, x[0], x[1]), normal(rows), longs(9, shape));
      c.add("scatterAdd on one row", x -> scatter(1, x[0], x[1]), normal(rows), ints(1, shape));
      c.add(
          "oneHot", x -> Tensor.of(Node.of(new OneHot(5, -1), x[0].node())), labels(5, -1, shape));
    }
    for (int k : new int[] {1, 5, 40}) {
      for (int n : new int[] {1, 7, 64, 65}) {
        c.add(
            "sparse product",
            x -> sparse(6, x),
            normal(9, n),
            normal(k),
            k == 5 ? ints(6, k) : longs(6, k),
            ints(9, k));
        c.add("row dots", LookupCases::dots, normal(6, n), normal(9, n), longs(6, k), ints(9, k));
      }
    }
    c.add(
        "sparse product, shared out",
        x -> sparse(30, x),
        normal(50, 96),
        normal(900),
        ints(30, 900),
        longs(50, 900));
    c.add(
        "row dots, shared out",
        LookupCases::dots,
        normal(30, 96),
        normal(50, 96),
        ints(30, 900),
        longs(50, 900));
    c.add("gather", x -> x[0].embedding(x[1]), normal(1000, 65), longs(1000, 7, 33));
    c.add(
        "gather, the same rows again and again",
        x -> x[0].embedding(x[1]),
        normal(1000, 33),
        longs(3, 500));
    c.add(
        "gather of a frozen table",
        x -> x[0].embedding(x[1]).mul(x[2]),
        normal(9, 4).frozen(),
        ints(9, 3),
        normal(4));
    c.add(
        "gather of a computed table",
        x -> x[0].exp().embedding(x[1]).tanh(),
        normal(9, 4),
        ints(9, 2, 3));
    c.add(
        "gather twice",
        x -> x[0].embedding(x[1]).add(x[0].embedding(x[2])),
        normal(9, 4),
        ints(9, 6),
        longs(9, 6));
    for (int[] shape : new int[][] {{}, {1}, {3}, {2, 2}, {0}}) {
      int[] rows = java.util.Arrays.copyOf(shape, shape.length + 1);
      rows[shape.length] = 7;
      int n = java.util.Arrays.stream(shape).reduce(1, (a, b) -> a * b);
      c.add(
          "writeRows",
          x -> Tensor.of(WriteRows.of(x[0].node(), x[1].node(), distinct(n, shape).node())).exp(),
          normal(5, 7),
          normal(rows));
    }
    for (float[] mask : new float[][] {{0, 0, 0, 0}, {1, 0, 0, 1}, {0, 1, 1, 0}, {1, 1, 1, 1}}) {
      for (int[] shape : new int[][] {{4, 5}, {4, 3, 65}, {4, 17, 80}}) {
        c.add(
            "samples",
            x -> Tensor.of(KeepSamples.of(x[0].node(), Tensor.of(mask).node())).exp(),
            normal(shape));
        int in = shape[shape.length - 1];
        for (int out : new int[] {1, 9, 33}) {
          c.add(
              "linear of samples",
              x -> Tensor.of(SampleLinear.of(x[0].node(), x[1].node(), Tensor.of(mask).node())),
              normal(shape),
              normal(out, in));
          c.add(
              "linear twice of samples",
              x ->
                  Tensor.of(KeepSamples.of(x[0].node(), Tensor.of(mask).node()))
                      .linear(x[1], null)
                      .linear(x[2], null)
                      .add(1),
              normal(shape),
              normal(out, in),
              normal(7, out));
        }
      }
    }
    int[][] masks = {{1, 1}, {3, 3}, {2, 5}, {1, 7}, {5, 2}, {17, 33}};
    for (int[] m : masks) {
      // exp makes 0 and 1 of it
      c.add(
          "causal " + m[0] + " x " + m[1],
          x -> Tensor.of(Node.of(new Causal(m[0], m[1]))).exp().mul(x[0]),
          normal(m[0], m[1]));
    }
    return c.cases;
  }

  /** The rows 4, 3, …, each once. */
  private static Tensor distinct(int n, int... shape) {
    int[] ids = new int[n];
    java.util.Arrays.setAll(ids, i -> 4 - i);
    return Tensor.of(dev.peft4j.data.Storage.of(ids), dev.peft4j.data.Shape.of(shape));
  }

  private static Tensor sparse(int rows, Tensor... x) {
    return Tensor.of(SparseProduct.of(rows, x[0].node(), x[1].node(), x[2].node(), x[3].node()));
  }

  private static Tensor dots(Tensor... x) {
    return Tensor.of(RowDots.of(x[0].node(), x[1].node(), x[2].node(), x[3].node()));
  }

  private static Tensor scatter(int rows, Tensor values, Tensor ids) {
    return Tensor.of(Node.of(new ScatterAdd(rows), values.node(), ids.node()));
  }
}
