package dev.peft4j.backend.cases;

import static dev.peft4j.backend.cases.In.normal;

import dev.peft4j.data.Rng;
import dev.peft4j.data.Shape;
import dev.peft4j.data.Storage;
import dev.peft4j.graph.Node;
import dev.peft4j.op.Arange;
import dev.peft4j.op.Attention;
import dev.peft4j.op.Pointwise;
import dev.peft4j.tensor.Tensor;
import java.util.List;

/** What decoders need: rotary embeddings, and attention with windows, caps and ranges of keys. */
final class DecoderCases {
  private DecoderCases() {}

  static List<OpCase> all() {
    CaseList c = new CaseList();
    rotary(c);
    for (int n : new int[] {1, 7, 33}) {
      c.add("arange", x -> x[0].mul(Tensor.of(Node.of(new Arange(n)))), normal(2, n));
    }
    for (int[] s : new int[][] {{}, {7}, {2, 3, 65}}) {
      c.add("swiglu", x -> x[0].apply(Pointwise.SWIGLU, x[1]), normal(s), normal(s));
      c.add("gegluTanh", x -> x[0].apply(Pointwise.GEGLU_TANH, x[1]), normal(s), normal(s));
      c.add(
          "swiglu of products",
          x -> x[0].mul(2).apply(Pointwise.SWIGLU, x[0].mul(3)),
          In.wide(4, s));
    }
    int[][] heads = {{1, 1}, {4, 4}, {4, 2}, {6, 2}, {3, 1}};
    int[][] lengths = {{1, 1}, {1, 9}, {5, 5}, {3, 17}, {33, 40}, {17, 2}};
    for (int[] h : heads) {
      for (int[] s : lengths) {
        Attention causal = Attention.causal(h[0], h[1], 0.4f);
        settings(c, "causal", causal, s);
        settings(c, "both sides", new Attention(h[0], h[1], false, 0.4f), s);
      }
    }
    settings(c, "long", Attention.causal(4, 2, 0.3f), new int[] {150, 290});
    masked(c);
    return c.cases;
  }

  private static void rotary(CaseList c) {
    int[][] sizes = {{1, 2, 2}, {1, 4, 2}, {2, 4, 4}, {3, 64, 64}, {2, 66, 34}, {2, 80, 32}};
    for (int[] s : sizes) {
      for (boolean pairs : new boolean[] {false, true}) {
        String name = "rotary of " + s[2] + " in " + s[1] + (pairs ? ", interleaved" : "");
        In frequencies = In.uniform(0.01f, 1, s[2] / 2).frozen();
        In x = normal(2, 5, s[0] * s[1]);
        OpCase.Function f =
            t -> t[0].rotary(Tensor.rotaryTable(t[1], t[2], s[2] % 4 == 0 ? 1 : 1.3f), s[0], pairs);
        c.add(name, f, x, In.ints(40, 5), frequencies);
        c.add(name, f, x, In.longs(50, 2, 5), frequencies);
      }
    }
    c.add(
        "rotary of what is read elsewhere, too",
        x -> x[0].rotary(Tensor.rotaryTable(x[1], x[2], 1), 2, false).add(x[0]),
        normal(2, 3, 8),
        In.ints(9, 3),
        In.uniform(0.1f, 1, 2).frozen());
    c.add(
        "rotary of a computed value",
        x -> x[0].mul(2).rotary(Tensor.rotaryTable(x[1], x[2], 1), 2, true).tanh(),
        normal(1, 3, 8),
        In.ints(9, 3),
        In.uniform(0.1f, 1, 2).frozen());
  }

  /** Windows, caps, places and ranges, one by one and together. */
  private static void settings(CaseList c, String name, Attention op, int[] s) {
    int queries = s[0];
    int keys = s[1];
    add(c, name + ", window", op.within(3), null, s);
    add(c, name + ", capped", op.capped(1.5f), null, s);
    add(c, name + ", window and capped", op.within(1 + keys / 2).capped(2), null, s);
    In each = ranges(keys, 2, queries);
    add(c, name + ", ranges", op, each, s);
    add(c, name + ", the same ranges", op.within(4).capped(3), ranges(keys, 1, queries), s);
    if (queries <= keys) {
      In places = In.ints(keys - queries + 1, 2);
      add(c, name + ", places", op, places, s);
      add(c, name + ", places, window", op.within(4), places, s);
      add(c, name + ", one place, capped", op.capped(1), In.longs(keys - queries + 1, 1), s);
    }
  }

  private static void add(CaseList c, String name, Attention op, In seen, int[] s) {
    String what = "attention, " + op.heads() + " heads, " + op.kvHeads() + ", " + name;
    In q = normal(2, s[0], op.heads() * 4);
    In k = normal(2, s[1], op.kvHeads() * 4);
    if (seen == null) {
      c.add(what, x -> Tensor.attention(x[0], x[1], x[2], null, null, op), q, k, k);
    } else {
      c.add(what, x -> Tensor.attention(x[0], x[1], x[2], null, x[3], op), q, k, k, seen);
    }
  }

  private static void masked(CaseList c) {
    int[][] masks = {{7}, {5, 7}, {2, 1, 1, 7}, {2, 4, 5, 7}, {4, 1, 1}};
    for (int[] m : masks) {
      Attention op = Attention.causal(4, 2, 0.5f).within(4).capped(3);
      c.add(
          "attention with a mask and ranges",
          x -> Tensor.attention(x[0], x[1], x[2], x[3], x[4], op),
          normal(2, 5, 12),
          normal(2, 7, 6),
          normal(2, 7, 6),
          normal(m).frozen(),
          ranges(7, 2, 5));
      c.add(
          "attention with padding and places",
          x -> Tensor.attention(x[0], x[1], x[2], x[3], x[4], op),
          normal(2, 5, 12),
          normal(2, 7, 6),
          normal(2, 7, 6),
          In.padding(m),
          In.ints(3, 2));
    }
  }

  /** For each query a first key and one behind the last; some see nothing. */
  private static In ranges(int keys, int batch, int queries) {
    return new In(
        Shape.of(batch, queries, 2),
        false,
        r -> {
          int[] v = new int[batch * queries * 2];
          for (int i = 0; i < v.length; i += 2) {
            v[i] = pick(r, keys);
            v[i + 1] = v[i] + pick(r, keys + 2 - v[i]);
          }
          return Storage.of(v);
        });
  }

  private static int pick(Rng r, int bound) {
    return (int) (r.nextDouble() * bound);
  }
}
