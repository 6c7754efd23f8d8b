package dev.peft4j.backend.cpu;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.peft4j.backend.Backend;
import dev.peft4j.backend.Backends;
import dev.peft4j.data.Rng;
import dev.peft4j.fuzz.Attack;
import dev.peft4j.nn.Parameter;
import dev.peft4j.op.Attention;
import dev.peft4j.tensor.Tensor;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/** Attention of random sizes and settings, forward and gradient, as the reference computes it. */
class AttentionRangesTest {
  private final Rng rng = new Rng(21);

  private int pick(int from, int to) {
    return from + (int) (rng.nextDouble() * (to - from));
  }

  @Test
  void isWhatTheReferenceComputes() {
    for (int round = 0; round < Attack.rounds(60); round++) {
      int kv = pick(1, 4);
      int heads = kv * pick(1, 4);
      int batch = pick(1, 4);
      int queries = round % 3 == 0 ? pick(1, 5) : pick(1, 200);
      int keys = queries + (round % 2 == 0 ? 0 : pick(0, 100));
      int d = 2 * pick(1, 12);
      Attention op = new Attention(heads, kv, round % 4 != 0, 0.3f);
      op = round % 3 == 1 ? op.within(pick(1, keys + 2)) : op;
      op = round % 5 == 2 ? op.capped(1 + (float) rng.nextDouble()) : op;
      Tensor seen = seen(round % 4, batch, queries, keys);
      float[] q = rng.normal(batch * queries * heads * d, 0, 1);
      float[] k = rng.normal(batch * keys * kv * d, 0, 1);
      float[] v = rng.normal(batch * keys * kv * d, 0, 1);
      int[][] shapes = {{batch, queries, heads * d}, {batch, keys, kv * d}, {batch, keys, kv * d}};
      float[][] values = {q, k, v};
      List<float[]> expected = run(Backends.named("reference"), op, seen, values, shapes);
      List<float[]> actual = run(new CpuBackend(), op, seen, values, shapes);
      for (int i = 0; i < expected.size(); i++) {
        float[] e = expected.get(i);
        float[] a = actual.get(i);
        String what = "round " + round + ", value " + i + " of " + op;
        for (int j = 0; j < e.length; j++) {
          assertThat(a[j]).as(what).isCloseTo(e[j], within(2e-5f + 1e-4f * Math.abs(e[j])));
        }
      }
    }
  }

  private @Nullable Tensor seen(int kind, int batch, int queries, int keys) {
    int rows = pick(0, 2) == 0 ? 1 : batch;
    if (kind == 0) {
      return null;
    }
    if (kind == 1) {
      int[] places = new int[rows];
      for (int b = 0; b < rows; b++) {
        places[b] = pick(0, keys - queries + 1);
      }
      return Tensor.of(places, rows);
    }
    int[] ranges = new int[rows * queries * 2];
    for (int i = 0; i < ranges.length; i += 2) {
      ranges[i] = pick(0, keys);
      ranges[i + 1] = pick(ranges[i], keys + 1);
    }
    return Tensor.of(ranges, rows, queries, 2);
  }

  /** The result and the gradients of its weighted sum. */
  private static List<float[]> run(
      Backend backend, Attention op, @Nullable Tensor seen, float[][] values, int[][] shapes) {
    return Backends.with(
        backend,
        () -> {
          List<Parameter> in = new ArrayList<>();
          for (int i = 0; i < values.length; i++) {
            in.add(new Parameter(values[i].clone(), shapes[i]));
          }
          Tensor y = Tensor.attention(in.get(0), in.get(1), in.get(2), null, seen, op);
          y.retain();
          y.mul(y).sum().backward();
          List<float[]> all = new ArrayList<>();
          all.add(y.toFloats());
          for (Parameter p : in) {
            all.add(Tensor.of(p.variable().gradient()).toFloats());
          }
          return all;
        });
  }
}
