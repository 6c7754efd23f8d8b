package dev.peft4j.backend;

import dev.peft4j.data.Rng;
import dev.peft4j.data.Shape;
import dev.peft4j.data.ShapeException;
import dev.peft4j.op.WriteRows;
import dev.peft4j.tensor.Reduction;
import dev.peft4j.tensor.Tensor;
import java.util.List;
import java.util.function.Function;
import java.util.stream.IntStream;

/** For {@link SmallGraphs}: operations under torch's names, most of them made of several ops. */
final class SmallOps {
  private final Rng rng;
  private final Tensor a;
  private final int rank;
  private final Function<Shape, Tensor> leaf;

  private SmallOps(Rng rng, Tensor a, Function<Shape, Tensor> leaf) {
    this.rng = rng;
    this.a = a;
    this.rank = a.shape().rank();
    this.leaf = leaf;
  }

  /**
   * Something made of {@code a}.
   *
   * @param leaf gives a tensor of a shape
   */
  static Tensor step(Rng rng, Tensor a, boolean smooth, Function<Shape, Tensor> leaf) {
    SmallOps ops = new SmallOps(rng, a, leaf);
    int kind = ops.pick(smooth ? 24 : 29);
    return kind < 7 ? ops.indexed(kind) : kind < 16 ? ops.moved(kind) : ops.computed(kind);
  }

  private Tensor indexed(int kind) {
    int axis = axis();
    int n = a.dim(axis);
    Shape some = a.shape().with(axis, n == 0 ? 0 : pick(4));
    return switch (kind) {
      case 0, 1 -> a.gather(axis, ids(some, n));
      case 2 -> a.scatterAdd(axis, ids(some, n), leaf.apply(some));
      case 3 -> a.scatter(axis, ids(some, n), leaf.apply(some));
      case 4 ->
          rank == 2 && a.dim(0) > 0 && pick(2) == 0
              ? written(pick(2))
              : a.indexSelect(axis, ids(Shape.of(some.dim(axis)), n));
      case 5 -> a.add(Tensor.of(ids(a.shape(), 3).toInts(), a.shape().toArray()).toFloat());
      default -> ids(Shape.of(pick(3)), 2).oneHot(2).mul(0.5f);
    };
  }

  /** One row, or none, replaced. */
  private Tensor written(int n) {
    Tensor rows = leaf.apply(Shape.of(n, a.dim(1)));
    return Tensor.of(WriteRows.of(a.node(), rows.node(), ids(Shape.of(n), a.dim(0)).node()));
  }

  private Tensor moved(int kind) {
    int axis = axis();
    return switch (kind) {
      case 7 -> a.repeat(IntStream.range(0, rank).map(i -> pick(3)).toArray());
      case 8 -> a.flip(axis);
      case 9 -> a.roll(pick(5) - 2, axis);
      case 10 -> {
        List<Tensor> parts = a.split(1 + pick(2), axis);
        yield parts.get(pick(parts.size()));
      }
      case 11 -> pick(2) == 0 ? a.tril(pick(3) - 1) : a.triu(pick(3) - 1);
      case 12 -> a.unsqueeze(pick(rank + 1));
      case 13 -> pick(2) == 0 ? a.squeeze() : a.squeeze(axis);
      case 14 -> {
        int[] d = a.shape().toArray();
        d[axis] = d[axis] == 1 ? pick(3) : -1;
        yield a.expand(d);
      }
      default -> Tensor.stack(pick(rank + 1), a, a.tanh());
    };
  }

  private Tensor computed(int kind) {
    return switch (kind) {
      case 16 -> a.cumsum(axis());
      case 17 -> a.tanh().add(1.5f).prod(axes());
      case 18 -> a.variance(0, axes());
      case 19 -> a.square().add(1).norm(axes());
      case 20 -> a.logsumexp(axes());
      case 21 -> rank == 2 ? einsum() : a.softplus();
      case 22 -> pick(2) == 0 ? a.tanh().expm1() : a.softplus();
      case 23 -> loss();
      case 24 -> a.min(axes());
      case 25 -> a.clamp(-0.5f, 0.5f);
      case 26 -> a.elu(1).leakyRelu(0.1f);
      case 27 -> a.where(a.gt(0), leaf.apply(a.shape()));
      default -> a.max(axes()).maximum(0.1f);
    };
  }

  private Tensor einsum() {
    Tensor b = leaf.apply(Shape.of(a.dim(1), pick(3)));
    return pick(2) == 0 ? Tensor.einsum("ij,jk->ki", a, b) : Tensor.einsum("ij,jk->i", a, b);
  }

  private Tensor loss() {
    Tensor target = leaf.apply(a.shape());
    return switch (pick(4)) {
      case 0 -> a.bceWithLogitsLoss(target.sigmoid(), null, null, Reduction.NONE);
      case 1 -> a.mseLoss(target, Reduction.SUM);
      case 2 -> a.smoothL1Loss(target, 1, Reduction.NONE);
      default -> {
        if (rank != 2 || a.dim(1) == 0) {
          throw new ShapeException("no classes");
        }
        Tensor labels = ids(Shape.of(a.dim(0)), a.dim(1));
        yield a.dim(0) == 0 ? a.logSoftmax(-1) : a.crossEntropy(labels, null, 0.1f, -100);
      }
    };
  }

  private Tensor ids(Shape s, int below) {
    return Tensor.of(IntStream.range(0, s.size()).map(i -> pick(below)).toArray(), s.toArray());
  }

  private int[] axes() {
    return IntStream.range(0, rank).filter(i -> rng.nextDouble() < 0.5).toArray();
  }

  private int axis() {
    if (rank == 0) {
      throw new ShapeException("no axis");
    }
    return pick(rank);
  }

  private int pick(int n) {
    return (int) (rng.nextDouble() * n);
  }
}
