package dev.peft4j.op;

import dev.peft4j.data.DType;
import dev.peft4j.data.IndexException;
import dev.peft4j.data.Shape;
import dev.peft4j.data.ShapeException;
import dev.peft4j.graph.Node;
import dev.peft4j.graph.Op;
import org.jspecify.annotations.Nullable;

/**
 * Rows of a table: torch's {@code F.embedding}. Inputs table (rows, n) and integer ids of any
 * shape; the result has the shape of the ids and then n. An id outside the table is an error when
 * the result is computed.
 */
public record Gather() implements Op {
  /** Returns the rows of {@code table} at {@code ids}. */
  public static Node of(Node table, Node ids) {
    return Node.of(new Gather(), table, ids);
  }

  @Override
  public Shape shape(Node[] inputs) {
    Shape table = inputs[0].shape();
    Node ids = inputs[1];
    if (table.rank() != 2 || inputs[0].dtype() != DType.FLOAT32 || !ids.dtype().isInteger()) {
      throw new ShapeException(
          "gather: table of type "
              + inputs[0].dtype()
              + " "
              + table
              + " and ids of type "
              + ids.dtype()
              + " "
              + ids.shape()
              + ": needed a FLOAT32 table (rows, n) and integer ids");
    }
    int[] d = java.util.Arrays.copyOf(ids.shape().toArray(), ids.shape().rank() + 1);
    d[d.length - 1] = table.dim(1);
    return Shape.of(d);
  }

  @Override
  public DType dtype(Node[] inputs) {
    return DType.FLOAT32;
  }

  @Override
  public int @Nullable [] partAxes(Node[] inputs, Shape out, int axis) {
    return axis == out.rank() - 1 ? null : new int[] {-1, axis};
  }

  @Override
  public @Nullable Node[] gradient(Node out, Node dOut) {
    Node table = out.input(0);
    return new @Nullable Node[] {
      table.requiresGrad()
          ? Node.of(new ScatterAdd(table.shape().dim(0)), dOut, out.input(1))
          : null,
      null
    };
  }

  /** Returns the exception for an id outside the table; backends share it. */
  public static IndexException outOfRange(long id, long position, int rows) {
    return new IndexException(
        "gather: id "
            + id
            + " at position "
            + position
            + " is out of range for a table of "
            + rows
            + " rows (0 to "
            + (rows - 1)
            + ")");
  }
}
