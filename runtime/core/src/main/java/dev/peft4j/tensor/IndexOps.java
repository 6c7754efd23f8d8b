package dev.peft4j.tensor;

import dev.peft4j.data.IndexException;
import dev.peft4j.graph.Node;
import dev.peft4j.op.Gather;
import dev.peft4j.op.Indexing;
import dev.peft4j.op.OneHot;

/**
 * The operations of a {@link Tensor} that take integer positions. A position that is out of range
 * is an {@link IndexException} when the result is computed.
 */
public sealed interface IndexOps permits Tensor {
  /** Returns the graph node that computes this tensor. */
  Node node();

  /**
   * Returns rows of this table (rows, n) by integer ids of any shape: torch's {@code F.embedding}.
   */
  default Tensor embedding(Tensor ids) {
    return Tensor.of(Gather.of(node(), ids.node()));
  }

  /**
   * Returns the rows at {@code ids}: the former name of {@link #embedding}.
   *
   * @deprecated torch's {@code gather} is {@link #gather(int, Tensor)}
   */
  @Deprecated
  default Tensor gather(Tensor ids) {
    return embedding(ids);
  }

  /**
   * Returns the elements at {@code index} along an axis: torch's {@code gather}. For axis 1 of two,
   * result[i, j] = this[i, index[i, j]].
   *
   * @param index integers; has the sizes of this in all dimensions but {@code axis}
   */
  default Tensor gather(int axis, Tensor index) {
    return Tensor.of(Indexing.gather(node(), axis, index.node()));
  }

  /**
   * Returns this with {@code source} added along an axis at {@code index}: torch's {@code
   * scatter_add}. For axis 1 of two, result[i, index[i, j]] += source[i, j].
   *
   * @param index integers of the shape of {@code source}, which has the sizes of this in all
   *     dimensions but {@code axis}
   */
  default Tensor scatterAdd(int axis, Tensor index, Tensor source) {
    return Tensor.of(Indexing.scatterAdd(node(), axis, index.node(), source.node()));
  }

  /**
   * Returns this with the elements at {@code index} replaced by those of {@code source}: torch's
   * {@code scatter}. Where a position is named more than once, it gets the mean (torch: any of
   * them).
   *
   * @param index as for {@link #scatterAdd}
   */
  default Tensor scatter(int axis, Tensor index, Tensor source) {
    return Tensor.of(Indexing.scatter(node(), axis, index.node(), source.node()));
  }

  /**
   * Returns the slices of this at {@code ids} along an axis: torch's {@code index_select}.
   *
   * @param ids integers of rank 1
   */
  default Tensor indexSelect(int axis, Tensor ids) {
    return Tensor.of(Indexing.select(node(), axis, ids.node()));
  }

  /**
   * Returns for each of these integers a row of {@code classes} zeros with a one at it: torch's
   * {@code F.one_hot}, but float32.
   */
  default Tensor oneHot(int classes) {
    return Tensor.of(Node.of(new OneHot(classes, Integer.MIN_VALUE), node()));
  }
}
