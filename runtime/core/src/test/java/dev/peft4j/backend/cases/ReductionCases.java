package dev.peft4j.backend.cases;

import static dev.peft4j.backend.cases.In.normal;

import java.util.Arrays;
import java.util.List;

/** Sums, means and maxima over every set of axes. */
final class ReductionCases {
  private static final int[][] SHAPES = {
    {},
    {1},
    {2},
    {7},
    {17},
    {1025},
    {3, 5},
    {1, 33},
    {33, 1},
    {65, 17},
    {2, 3, 7},
    {7, 33, 5},
    {2, 3, 4, 5}
  };

  private ReductionCases() {}

  static List<OpCase> all() {
    CaseList c = new CaseList();
    for (int[] shape : SHAPES) {
      for (int set = 0; set < 1 << shape.length; set++) {
        over(c, shape, axes(set));
      }
    }
    over(c, new int[] {2, 3, 7}, -1);
    over(c, new int[] {2, 3, 7}, -2, 0);
    for (int[] axes : new int[][] {{}, {0}, {1}}) {
      over(c, new int[] {331, 317}, axes);
    }
    over(c, new int[] {31, 101, 37}, 1);
    c.add("sum of nothing", x -> x[0].sum(0), normal(0, 3));
    c.add("variance", x -> x[0].sub(x[0].meanKeep(-1)).square().mean(-1), normal(5, 33));
    c.add("norm", x -> x[0].square().sum().sqrt(), normal(7, 17));
    c.add(
        "sum, then used twice", x -> x[0].sumKeep(0).mul(x[0]).add(x[0].sumKeep(0)), normal(7, 5));
    return c.cases;
  }

  private static int[] axes(int set) {
    int[] axes = new int[Integer.bitCount(set)];
    int n = 0;
    for (int i = 0; i < 4; i++) {
      if ((set >> i & 1) != 0) {
        axes[n++] = i;
      }
    }
    return axes;
  }

  private static void over(CaseList c, int[] shape, int... axes) {
    String over = " over " + Arrays.toString(axes);
    c.add("sum" + over, x -> x[0].sum(axes), normal(shape));
    c.add("sumKeep" + over, x -> x[0].sumKeep(axes), normal(shape));
    c.add("mean" + over, x -> x[0].mean(axes), normal(shape));
    c.add("meanKeep" + over, x -> x[0].meanKeep(axes).mul(x[0]), normal(shape));
    c.add("max" + over, x -> x[0].max(axes), normal(shape));
    c.add("maxKeep" + over, x -> x[0].maxKeep(axes).mul(x[0]), normal(shape));
  }
}
