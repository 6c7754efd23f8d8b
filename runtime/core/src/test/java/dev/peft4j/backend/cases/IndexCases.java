package dev.peft4j.backend.cases;

import static dev.peft4j.backend.cases.In.ints;
import static dev.peft4j.backend.cases.In.longs;
import static dev.peft4j.backend.cases.In.normal;

import java.util.List;

/** Lookups along axes. */
final class IndexCases {
  private IndexCases() {}

  static List<OpCase> all() {
    CaseList c = new CaseList();
    for (int[] shape : new int[][] {{1}, {5}, {3, 4}, {2, 3, 4}, {33, 17}, {0, 3}}) {
      int n = shape[shape.length - 1];
      for (int m : new int[] {1, 3, 40, 0}) {
        int[] index = shape.clone();
        index[index.length - 1] = m;
        c.add("gather -1", x -> x[0].gather(-1, x[1]), normal(shape), longs(n, index));
        c.add(
            "scatterAdd -1",
            x -> x[0].scatterAdd(-1, x[1], x[2]),
            normal(shape),
            ints(n, index),
            normal(index));
      }
    }
    c.add("gather 0", x -> x[0].gather(0, x[1]).exp(), normal(5, 3, 2), ints(5, 4, 3, 2));
    c.add("gather 1", x -> x[0].exp().gather(1, x[1]), normal(5, 3, 2), longs(3, 5, 7, 2));
    c.add("gather -1", x -> x[0].gather(-1, x[1]), normal(300, 400), longs(400, 300, 5));
    c.add("scatter 0", x -> x[0].scatter(0, x[1], x[2]), normal(5, 3), ints(5, 1, 3), normal(1, 3));
    c.add(
        "scatter -1",
        x -> x[0].scatter(-1, x[1], x[2]).exp(),
        normal(5, 3),
        ints(3, 5, 1),
        normal(5, 1));
    c.add("indexSelect 0", x -> x[0].indexSelect(0, x[1]), normal(5, 3), ints(5, 7));
    c.add("indexSelect 1", x -> x[0].indexSelect(1, x[1]).exp(), normal(5, 3, 2), longs(3, 4));
    c.add("indexSelect -1", x -> x[0].indexSelect(-1, x[1]), normal(5, 3, 2), longs(2, 0));
    c.add("oneHot", x -> x[0].oneHot(7).mul(x[1]), longs(7, 3, 4), normal(3, 4, 7));
    return c.cases;
  }
}
