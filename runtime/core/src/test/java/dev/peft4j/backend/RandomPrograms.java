package dev.peft4j.backend;

import dev.peft4j.data.Rng;
import dev.peft4j.data.Shape;
import dev.peft4j.data.ShapeException;
import dev.peft4j.data.Storage;
import dev.peft4j.graph.Node;
import dev.peft4j.graph.Variable;
import dev.peft4j.tensor.Tensor;
import java.util.ArrayList;
import java.util.List;

/**
 * Random graphs of mixed ops with several results: products, norms, views and element-wise chains
 * that share values, and the gradients through them. Where memory is reused too early, or a view
 * outlives its base, some result is wrong.
 */
final class RandomPrograms {
  /**
   * Nothing is computed yet: results that are wanted and the variables with their gradients
   * pending.
   */
  record Built(List<Tensor> results, List<Variable> variables) {
    /** Everything that is wanted, results first. */
    List<Node> roots() {
      List<Node> roots = new ArrayList<>();
      results.forEach(t -> roots.add(t.node()));
      variables.forEach(v -> roots.add(v.gradient()));
      return roots.stream().filter(n -> n != null && !n.isKnown()).distinct().toList();
    }
  }

  private final Rng rng;
  private final List<Tensor> pool = new ArrayList<>();
  private final List<Variable> variables = new ArrayList<>();

  private RandomPrograms(long seed) {
    this.rng = new Rng(seed);
  }

  /** The graph of a seed; equal seeds build equal graphs over equal data. */
  static Built build(long seed, int steps) {
    return new RandomPrograms(seed).build(steps);
  }

  private Built build(int steps) {
    for (int[] shape : new int[][] {{4, 6}, {6, 4}, {4, 4}, {6}, {2, 4, 6}}) {
      Shape s = Shape.of(shape);
      Storage values = Storage.of(rng.normal(s.size(), 0, 1));
      if (rng.nextDouble() < 0.7 || variables.isEmpty()) {
        Variable v = new Variable("v" + variables.size(), values, s, true);
        variables.add(v);
        pool.add(Tensor.of(v.node()));
      } else {
        pool.add(Tensor.of(values, s));
      }
    }
    int inputs = pool.size();
    while (pool.size() < inputs + steps) {
      Tensor t = step(any(), pick(16));
      if (t != null && t.shape().elements() <= 400) {
        pool.add(t);
      }
    }
    List<Tensor> results = new ArrayList<>();
    Tensor loss = Tensor.of(variables.getFirst().node()).square().sum();
    for (int i = inputs; i < pool.size(); i++) {
      if (rng.nextDouble() < 0.15) {
        results.add(pool.get(i));
      }
      if (rng.nextDouble() < 0.3 || i == pool.size() - 1) {
        loss = loss.add(pool.get(i).tanh().mean());
      }
    }
    loss.backward();
    results.add(loss);
    return new Built(results, variables);
  }

  private Tensor step(Tensor a, int op) {
    int rank = a.shape().rank();
    return switch (op) {
      case 0 -> a.tanh();
      case 1 -> a.gelu();
      case 2 -> a.sigmoid().mul(a);
      case 3, 4, 5 -> binary(a, any(), pick(3));
      case 6, 7 -> product(a, any());
      case 8 -> rank < 2 ? null : a.transpose(pick(rank), pick(rank));
      case 9 -> a.reshape(-1).reshape(a.shape().toArray()).reshape(flatter(a));
      case 10 -> slice(a);
      case 11 -> rank == 0 ? null : Tensor.concat(pick(rank), a, a.mul(0.5f));
      case 12 -> rank == 0 ? null : a.softmax(pick(rank));
      case 13 -> rank == 0 ? null : norm(a);
      case 14 -> rank == 0 ? null : reduce(a, pick(rank), pick(4));
      default -> rank == 0 ? null : a.linear(frozen(3, a.dim(-1)), null).tanh();
    };
  }

  private int[] flatter(Tensor a) {
    int rank = a.shape().rank();
    return rank < 2 ? new int[] {-1} : new int[] {-1, a.dim(-1)};
  }

  private Tensor binary(Tensor a, Tensor b, int op) {
    try {
      return switch (op) {
        case 0 -> a.add(b);
        case 1 -> a.tanh().mul(b);
        default -> a.sub(b.mul(0.3f));
      };
    } catch (ShapeException e) {
      return null; // do not broadcast
    }
  }

  private Tensor product(Tensor a, Tensor b) {
    if (a.shape().rank() < 2 || b.shape().rank() < 2) {
      return null;
    }
    try {
      return a.matmul(a.dim(-1) == b.dim(-2) ? b : b.transpose(-1, -2)).mul(0.3f);
    } catch (ShapeException e) {
      return null;
    }
  }

  private Tensor slice(Tensor a) {
    if (a.shape().rank() == 0) {
      return null;
    }
    int axis = rng.nextDouble() < 0.6 ? 0 : pick(a.shape().rank());
    int n = a.dim(axis);
    int from = pick(n);
    return a.slice(axis, from, from + 1 + pick(n - from));
  }

  private Tensor norm(Tensor a) {
    int n = a.dim(-1);
    return rng.nextDouble() < 0.5
        ? a.layerNorm(Tensor.full(1.1f, n), frozen(n), 0.1f)
        : a.rmsNorm(frozen(n), 0.1f);
  }

  private Tensor reduce(Tensor a, int axis, int op) {
    return switch (op) {
      case 0 -> a.sum(axis).mul(0.3f);
      case 1 -> a.meanKeep(axis);
      case 2 -> a.sub(a.maxKeep(axis));
      default -> a.mean(axis);
    };
  }

  private Tensor frozen(int... shape) {
    Shape s = Shape.of(shape);
    return Tensor.of(Storage.of(rng.normal(s.size(), 0, 0.5f)), s);
  }

  private Tensor any() {
    // mostly what was made last, so that graphs get deep
    return pool.get(
        rng.nextDouble() < 0.4 ? Math.max(0, pool.size() - 1 - pick(3)) : pick(pool.size()));
  }

  private int pick(int n) {
    return (int) (rng.nextDouble() * n);
  }
}
