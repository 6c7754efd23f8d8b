package dev.peft4j.backend.cases;

import static dev.peft4j.backend.cases.In.normal;
import static dev.peft4j.backend.cases.In.padding;

import dev.peft4j.tensor.Tensor;
import java.util.List;

/** Attention with heads that share keys, masks of every broadcast shape, and causal. */
final class AttentionCases {
  private AttentionCases() {}

  static List<OpCase> all() {
    CaseList c = new CaseList();
    int[][] heads = {{1, 1}, {2, 2}, {2, 1}, {4, 4}, {4, 2}, {4, 1}};
    int[][] lengths = {{1, 1}, {1, 7}, {7, 7}, {3, 17}, {33, 33}, {17, 2}};
    for (int[] h : heads) {
      for (int[] s : lengths) {
        plain(c, 2, h[0], h[1], s[0], s[1], 4, false);
        if (s[0] <= s[1]) {
          plain(c, 2, h[0], h[1], s[0], s[1], 3, true);
        }
      }
    }
    plain(c, 1, 1, 1, 2, 2, 1, true);
    plain(c, 2, 4, 2, 65, 65, 16, true);
    plain(c, 2, 2, 2, 130, 130, 32, false);
    masks(c);
    partly(c);
    c.add(
        "scaledDotProductAttention",
        x -> x[0].scaledDotProductAttention(x[1], x[2], null, true),
        normal(2, 4, 5, 3),
        normal(2, 2, 7, 3),
        normal(2, 2, 7, 3));
    c.add(
        "scaledDotProductAttention",
        x -> x[0].scaledDotProductAttention(x[1], x[2], x[3], false),
        normal(2, 4, 5, 3),
        normal(2, 4, 7, 3),
        normal(2, 4, 7, 3),
        padding(2, 1, 1, 7));
    c.add(
        "self-attention",
        x -> Tensor.attention(x[0], x[0], x[0], null, 2, 2, false),
        normal(2, 7, 8));
    return c.cases;
  }

  private static void plain(
      CaseList c, int batch, int heads, int kvHeads, int q, int k, int d, boolean causal) {
    c.add(
        "attention " + heads + " heads, " + kvHeads + " key heads" + (causal ? ", causal" : ""),
        x -> Tensor.attention(x[0], x[1], x[2], null, heads, kvHeads, causal),
        normal(batch, q, heads * d),
        normal(batch, k, kvHeads * d),
        normal(batch, k, kvHeads * d));
  }

  private static void masks(CaseList c) {
    int[][] shapes = {
      {},
      {7},
      {1},
      {5, 7},
      {5, 1},
      {1, 7},
      {4, 5, 7},
      {4, 1, 7},
      {1, 1, 7},
      {2, 4, 5, 7},
      {2, 1, 5, 7},
      {2, 1, 1, 7},
      {1, 4, 5, 7},
      {1, 1, 5, 7},
      {1, 4, 1, 1},
      {2, 4, 1, 7},
      {2, 1, 5, 1}
    };
    for (int[] mask : shapes) {
      for (boolean causal : new boolean[] {false, true}) {
        c.add(
            "attention with a mask" + (causal ? ", causal" : ""),
            x -> Tensor.attention(x[0], x[1], x[2], x[3], 4, 2, causal),
            normal(2, 5, 12),
            normal(2, 7, 6),
            normal(2, 7, 6),
            normal(mask).frozen());
      }
      c.add(
          "attention with padding",
          x -> Tensor.attention(x[0], x[1], x[2], x[3], 4, 4, false),
          normal(2, 5, 12),
          normal(2, 7, 12),
          normal(2, 7, 12),
          padding(mask));
    }
    c.add(
        "attention with padding",
        x -> Tensor.attention(x[0], x[1], x[2], x[3], 4, 4, false),
        normal(3, 33, 32),
        normal(3, 65, 32),
        normal(3, 65, 32),
        padding(3, 1, 1, 65));
  }

  private static void partly(CaseList c) {
    In q = normal(2, 5, 12);
    In k = normal(2, 7, 6);
    In[][] sets = {
      {q, k.frozen(), k.frozen()},
      {q.frozen(), k, k.frozen()},
      {q.frozen(), k.frozen(), k},
      {q, k, k.frozen()}
    };
    for (In[] s : sets) {
      c.add(
          "attention, partly frozen",
          x -> Tensor.attention(x[0], x[1], x[2], null, 4, 2, false),
          s);
    }
  }
}
