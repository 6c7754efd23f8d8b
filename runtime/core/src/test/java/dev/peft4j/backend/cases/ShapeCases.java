package dev.peft4j.backend.cases;

import static dev.peft4j.backend.cases.In.normal;

import dev.peft4j.graph.Node;
import dev.peft4j.op.Pad;
import dev.peft4j.tensor.Tensor;
import java.util.Arrays;
import java.util.List;

/** Ops that move elements. */
final class ShapeCases {
  private ShapeCases() {}

  static List<OpCase> all() {
    CaseList c = new CaseList();
    reshapes(c);
    permutations(c);
    parts(c);
    joins(c);
    return c.cases;
  }

  private static void reshapes(CaseList c) {
    int[][][] pairs = {
      {{}, {1}},
      {{1}, {}},
      {{1}, {1, 1}},
      {{6}, {2, 3}},
      {{2, 3}, {-1}},
      {{2, 3, 4}, {4, -1}},
      {{2, 3, 4}, {2, 3, 2, 2}},
      {{0, 3}, {3, 0}},
      {{7, 33}, {11, 21}}
    };
    for (int[][] p : pairs) {
      c.add("reshape to " + Arrays.toString(p[1]), x -> x[0].reshape(p[1]), normal(p[0]));
      c.add(
          "reshape to " + Arrays.toString(p[1]) + " of exp",
          x -> x[0].exp().reshape(p[1]).tanh(),
          normal(p[0]));
    }
    c.add("reshape of reshape", x -> x[0].reshape(3, 4).reshape(2, 6), normal(12));
    c.add("reshape there and back", x -> x[0].reshape(3, 4).reshape(12).mul(x[0]), normal(12));
    c.add("reshape of ints", x -> x[0].reshape(3, -1), In.ints(9, 12));
  }

  private static void permutations(CaseList c) {
    int[][] orders = {
      {0},
      {0, 1},
      {1, 0},
      {0, 1, 2},
      {0, 2, 1},
      {1, 0, 2},
      {1, 2, 0},
      {2, 0, 1},
      {2, 1, 0},
      {0, 2, 1, 3},
      {3, 2, 1, 0},
      {1, 3, 0, 2},
      {2, 3, 0, 1},
      {0, 1, 3, 2},
      {0, 3, 1, 4, 2},
      {-1, 0}
    };
    int[][] sizes = {{2, 3, 5, 4, 2}, {1, 7, 17, 2, 1}, {33, 1, 2, 3, 2}};
    for (int[] order : orders) {
      for (int[] s : sizes) {
        c.add(
            "permute " + Arrays.toString(order),
            x -> x[0].permute(order),
            normal(Arrays.copyOf(s, order.length)));
      }
    }
    c.add("permute", x -> x[0].permute(), normal());
    c.add("transpose 0, -1", x -> x[0].transpose(0, -1), normal(7, 3, 65));
    c.add("transpose", x -> x[0].transpose(0, 1), normal(331, 317));
    c.add("transpose, middle", x -> x[0].transpose(1, 2), normal(5, 33, 17, 16));
    c.add("permute of permute", x -> x[0].permute(1, 2, 0).permute(1, 0, 2).exp(), normal(3, 4, 5));
    c.add("permute of ints", x -> x[0].permute(1, 0), In.longs(100, 3, 5));
    c.add("transposed plus itself", x -> x[0].transpose(0, 1).add(x[0]), normal(17, 17));
  }

  private static void parts(CaseList c) {
    int[] shape = {5, 7, 4};
    for (int axis = 0; axis < 3; axis++) {
      int a = axis;
      int n = shape[axis];
      for (int[] range : new int[][] {{0, n}, {0, 1}, {1, n}, {1, 3}, {n - 1, n}, {2, 2}}) {
        c.add(
            "slice " + a + ": " + range[0] + " to " + range[1],
            x -> x[0].slice(a, range[0], range[1]),
            normal(shape));
      }
      for (int[] pad : new int[][] {{0, 0}, {2, 0}, {0, 3}, {1, 2}}) {
        c.add(
            "pad " + a + " by " + pad[0] + " and " + pad[1],
            x -> Tensor.of(Node.of(new Pad(a, pad[0], pad[1]), x[0].node())),
            normal(shape));
      }
    }
    c.add("slice -1", x -> x[0].slice(-1, 100, 250), normal(31, 317));
    c.add("slice", x -> x[0].slice(0, 3, 900), normal(1025, 17));
    c.add("slice of slice", x -> x[0].slice(0, 1, 4).slice(1, 2, 5).slice(0, 1, 3), normal(5, 7));
    c.add(
        "a view that something else overwrites",
        x -> x[0].exp().slice(0, 1, 3).mul(2).add(x[1]),
        normal(5, 3),
        normal(2, 3));
    c.add("slices of one value", x -> halves(x[0].tanh()), normal(6, 8));
    c.add("slice of ints", x -> x[0].slice(0, 1, 3), In.longs(100, 5));
    c.add(
        "slice of a transpose", x -> x[0].transpose(0, 1).slice(0, 2, 5).reshape(-1), normal(4, 7));
    c.add(
        "row by row",
        x -> x[0].slice(0, 1, 2).mul(x[0].slice(0, 0, 1)).add(x[0].slice(0, 2, 3)),
        normal(3, 17));
  }

  private static Tensor halves(Tensor x) {
    return x.slice(1, 0, 4).mul(x.slice(1, 4, 8)).add(x.slice(0, 1, 2).slice(1, 0, 4));
  }

  private static void joins(CaseList c) {
    int[][] shapes = {{5, 3, 4}, {2, 3, 4}, {5, 1, 4}, {5, 3, 7}};
    for (int axis = 0; axis < 3; axis++) {
      int a = axis;
      c.add("concat " + a, x -> Tensor.concat(a, x), normal(shapes[0]), normal(shapes[a + 1]));
      c.add(
          "concat " + (a - 3),
          x -> Tensor.concat(a - 3, x),
          normal(shapes[a + 1]),
          normal(shapes[0]),
          normal(shapes[0]));
      c.add(
          "concat twice the same " + a,
          x -> Tensor.concat(a, x[0], x[0].exp(), x[0]),
          normal(shapes[0]));
    }
    c.add("concat of one", x -> Tensor.concat(0, x[0]).exp(), normal(3));
    c.add(
        "concat with nothing", x -> Tensor.concat(0, x), normal(3, 2), normal(0, 2), normal(1, 2));
    c.add("concat, left frozen", x -> Tensor.concat(0, x), normal(3, 2).frozen(), normal(4, 2));
    c.add("concat of ints", x -> Tensor.concat(0, x), In.ints(5, 3), In.ints(5, 4));
    c.add("concat", x -> Tensor.concat(1, x), normal(131, 400), normal(131, 401));
    c.add(
        "rotary halves",
        x ->
            x[0].mul(x[1])
                .add(Tensor.concat(-1, x[0].slice(-1, 4, 8).neg(), x[0].slice(-1, 0, 4)).mul(x[2])),
        normal(2, 3, 5, 8),
        normal(5, 8).frozen(),
        normal(5, 8).frozen());
  }
}
