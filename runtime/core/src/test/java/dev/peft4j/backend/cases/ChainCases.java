package dev.peft4j.backend.cases;

import dev.peft4j.data.Rng;
import dev.peft4j.tensor.Tensor;
import java.util.ArrayList;
import java.util.List;

/** Random element-wise expressions of several inputs that broadcast: what fuses. */
public final class ChainCases {
  private static final int COUNT = 220;

  private static final int[][] SHAPES = {
    {}, {5}, {1}, {3, 5}, {3, 1}, {1, 5}, {4, 3, 5}, {4, 1, 1}, {4, 1, 5}, {4, 3, 1}
  };

  private ChainCases() {}

  static List<OpCase> all() {
    List<OpCase> cases = new ArrayList<>();
    for (int i = 0; i < COUNT; i++) {
      cases.add(chain(i));
    }
    return cases;
  }

  /** The random expression of a seed. */
  public static OpCase chain(int seed) {
    Rng rng = new Rng(seed);
    int n = 1 + pick(rng, 4);
    In[] inputs = new In[n + 1];
    for (int i = 0; i < n; i++) {
      In in = In.normal(SHAPES[pick(rng, SHAPES.length)]);
      inputs[i] = pick(rng, 4) == 0 && i > 0 ? in.frozen() : in;
    }
    inputs[n] = In.binary(3, 5);
    int steps = 2 + pick(rng, seed % 10 == 0 ? 40 : 14);
    // the expression is drawn again at each build, from the same seed
    long draw = rng.nextLong();
    return new OpCase("chain " + seed, x -> express(new Rng(draw), steps, x), inputs)
        .absolute(1e-6);
  }

  private static Tensor express(Rng rng, int steps, Tensor... x) {
    Tensor mask = x[x.length - 1];
    List<Tensor> pool = new ArrayList<>(List.of(x).subList(0, x.length - 1));
    Tensor last = pool.getFirst();
    for (int i = 0; i < steps; i++) {
      // mostly a chain; sometimes an earlier value is used once more
      Tensor a = pick(rng, 4) == 0 ? pool.get(pick(rng, pool.size())) : last;
      Tensor b = pool.get(pick(rng, pool.size()));
      last = step(pick(rng, 27), a, b, mask);
      pool.add(last);
    }
    return last.add(pool.getFirst().mul(0.5f));
  }

  /** One operation that stays in a range where float32 is good and kinks are unlikely. */
  private static Tensor step(int op, Tensor a, Tensor b, Tensor mask) {
    return switch (op) {
      case 0 -> a.add(b);
      case 1 -> a.sub(b);
      case 2 -> a.tanh().mul(b);
      case 3 -> a.div(b.square().add(1));
      case 4 -> a.maximum(b);
      case 5 -> a.minimum(b.mul(0.5f));
      case 6 -> a.neg();
      case 7 -> a.abs();
      case 8 -> a.tanh().exp();
      case 9 -> a.square().add(1).log();
      case 10 -> a.square().add(0.5f).sqrt();
      case 11 -> a.square().add(1).rsqrt();
      case 12 -> a.tanh().square();
      case 13 -> a.abs().add(0.5f).pow(0.7f);
      case 14 -> a.sin();
      case 15 -> a.cos();
      case 16 -> a.erf();
      case 17 -> a.relu();
      case 18 -> a.gelu();
      case 19 -> a.geluTanh();
      case 20 -> a.silu();
      case 21 -> a.tanh();
      case 22 -> a.sigmoid();
      case 23 -> a.maskedFill(mask, 0.25f);
      case 24 -> a.add(0.3f);
      case 25 -> a.mul(-0.8f);
      default -> a.sub(1.5f).div(2);
    };
  }

  private static int pick(Rng rng, int n) {
    return (int) (rng.nextDouble() * n);
  }
}
