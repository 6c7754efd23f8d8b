package dev.peft4j.backend.cases;

import static dev.peft4j.backend.cases.In.normal;
import static dev.peft4j.backend.cases.In.wide;

import dev.peft4j.op.MatMul;
import dev.peft4j.tensor.Tensor;
import java.util.List;

/** Matrix products: every transposition, batches that broadcast, and linear layers. */
final class ProductCases {
  private static final int[][] SIZES = {
    {1, 1, 1}, {1, 7, 1}, {2, 3, 4}, {7, 1, 5}, {1, 16, 33}, {17, 33, 1}, {16, 16, 16}, {17, 33, 65}
  };

  /** The outer dimensions of both sides. */
  private static final int[][][] BATCHES = {
    {{}, {}},
    {{5}, {}},
    {{}, {5}},
    {{5}, {5}},
    {{2, 3}, {3}},
    {{3}, {2, 3}},
    {{2, 1}, {1, 3}},
    {{1}, {4}},
    {{2, 3}, {}},
    {{2, 3}, {2, 3}},
    {{2, 3}, {2, 1}},
  };

  private ProductCases() {}

  static List<OpCase> all() {
    CaseList c = new CaseList();
    for (int[] s : SIZES) {
      everyTransposition(c, s, BATCHES[0]);
    }
    for (int[][] b : BATCHES) {
      everyTransposition(c, new int[] {3, 7, 2}, b);
    }
    everyTransposition(c, new int[] {17, 8, 33}, BATCHES[1]);
    everyTransposition(c, new int[] {17, 8, 33}, BATCHES[9]);
    everyTransposition(c, new int[] {200, 130, 170}, BATCHES[0]);
    c.add("matmul", x -> x[0].matmul(x[1]), normal(300, 200), normal(200, 256));
    c.add("matmul, right frozen", x -> x[0].matmul(x[1]), normal(4, 7, 5), normal(5, 3).frozen());
    c.add("matmul, left frozen", x -> x[0].matmul(x[1]), normal(4, 7, 5).frozen(), normal(5, 3));
    c.add(
        "matmul of transposed",
        x -> x[0].transpose(-1, -2).matmul(x[1]),
        normal(2, 7, 5),
        normal(2, 7, 3));
    c.add(
        "matmul by transposed",
        x -> x[0].matmul(x[1].transpose(0, 1)),
        normal(2, 7, 5),
        normal(3, 5));
    c.add("matmul of no rows", x -> x[0].matmul(x[1]), normal(0, 5), normal(5, 3));
    c.add("matmul with itself", x -> x[0].matmul(x[0].transpose(0, 1)), normal(17, 9));
    c.add(
        "a product of products",
        x -> x[0].matmul(x[1]).matmul(x[2]),
        normal(7, 33),
        normal(33, 2),
        normal(2, 17));
    linear(c);
    for (int[] shape : new int[][] {{1, 1}, {2, 2}, {3, 3}, {4, 8, 8}, {2, 3, 5, 5}, {33, 33}}) {
      c.add("inverse", x -> turned(x[0]).inverse(), wide(0.3f, shape));
    }
    return c.cases;
  }

  /** The identity plus a skew-symmetric matrix, whose inverse is well-conditioned. */
  private static Tensor turned(Tensor x) {
    return Tensor.eye(x.dim(-1)).add(x.sub(x.transpose(-1, -2)));
  }

  private static void linear(CaseList c) {
    int[][] inputs = {{5}, {1, 5}, {7, 5}, {2, 3, 5}, {2, 1, 3, 5}, {0, 5}};
    for (int[] x : inputs) {
      c.add("linear", i -> i[0].linear(i[1], null), normal(x), normal(4, 5));
      c.add("linear", i -> i[0].linear(i[1], i[2]), normal(x), normal(4, 5), normal(4));
      c.add(
          "linear",
          i -> i[0].linear(i[1], i[2]),
          normal(x),
          normal(1, 5).frozen(),
          normal(1).frozen());
    }
    c.add("linear", i -> i[0].linear(i[1], i[2]), normal(3, 1), normal(1, 1), normal(1));
    c.add(
        "linear",
        i -> i[0].linear(i[1], i[2]),
        normal(17, 33),
        normal(65, 33).frozen(),
        normal(65));
    c.add(
        "linear",
        i -> i[0].linear(i[1], i[2]),
        normal(130, 300).frozen(),
        normal(200, 300),
        normal(200));
    c.add(
        "linear",
        i -> i[0].linear(i[1], i[2]).gelu(),
        normal(4, 33, 64),
        normal(128, 64),
        normal(128));
    for (int rank : new int[] {1, 2, 8}) {
      c.add(
          "linear + adapter of rank " + rank,
          i -> i[0].linear(i[1], i[2]).add(i[0].linear(i[3], null).linear(i[4], null).mul(2)),
          normal(3, 5, 33),
          normal(17, 33).frozen(),
          normal(17).frozen(),
          normal(rank, 33),
          normal(17, rank));
    }
  }

  private static void everyTransposition(CaseList c, int[] s, int[][] batch) {
    for (boolean a : new boolean[] {false, true}) {
      for (boolean b : new boolean[] {false, true}) {
        c.add(
            "matmul" + (a ? " aᵀ" : " a") + (b ? " bᵀ" : " b"),
            x -> Tensor.of(MatMul.of(x[0].node(), a, x[1].node(), b)),
            normal(matrices(batch[0], a ? s[1] : s[0], a ? s[0] : s[1])),
            normal(matrices(batch[1], b ? s[2] : s[1], b ? s[1] : s[2])));
      }
    }
  }

  private static int[] matrices(int[] batch, int rows, int columns) {
    int[] d = java.util.Arrays.copyOf(batch, batch.length + 2);
    d[d.length - 2] = rows;
    d[d.length - 1] = columns;
    return d;
  }
}
