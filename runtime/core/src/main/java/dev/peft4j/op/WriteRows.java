package dev.peft4j.op;

import dev.peft4j.data.DType;
import dev.peft4j.data.Shape;
import dev.peft4j.data.ShapeException;
import dev.peft4j.graph.BroadcastTo;
import dev.peft4j.graph.Node;
import dev.peft4j.graph.Op;
import org.jspecify.annotations.Nullable;

/**
 * A table with some rows replaced: inputs table (rows, n), values (…, n) and integer ids (…), all
 * different. Row ids[…] of the result is values[…]; the other rows are the table's. Over a {@link
 * dev.peft4j.graph.State} that takes the result, a backend writes the rows where they belong and
 * copies nothing.
 */
public record WriteRows() implements Op {
  /** Returns {@code table} with rows {@code ids} replaced by {@code values}. */
  public static Node of(Node table, Node values, Node ids) {
    return Node.of(new WriteRows(), table, values, ids);
  }

  @Override
  public Shape shape(Node[] inputs) {
    Shape table = inputs[0].shape();
    Shape values = inputs[1].shape();
    Shape ids = inputs[2].shape();
    boolean fits =
        table.rank() == 2
            && values.rank() == ids.rank() + 1
            && values.dim(-1) == table.dim(1)
            && values.elements() == ids.elements() * table.dim(1)
            && values.product(0, ids.rank()) == ids.elements();
    if (!fits) {
      throw new ShapeException(
          "writeRows: table "
              + table
              + ", values "
              + values
              + ", ids "
              + ids
              + ": needed (rows, n), (…, n) and (…)");
    }
    return table;
  }

  @Override
  public DType dtype(Node[] inputs) {
    if (inputs[0].dtype() != DType.FLOAT32
        || inputs[1].dtype() != DType.FLOAT32
        || !inputs[2].dtype().isInteger()) {
      throw new ShapeException(
          "writeRows: types "
              + inputs[0].dtype()
              + ", "
              + inputs[1].dtype()
              + " and "
              + inputs[2].dtype()
              + ", needed FLOAT32 twice and integers");
    }
    return DType.FLOAT32;
  }

  @Override
  public int updates() {
    return 0;
  }

  @Override
  public boolean mayOverwrite(int i, Shape input, Shape output) {
    return i == 0;
  }

  @Override
  public long flops(Shape[] inputs, Shape output) {
    return 0;
  }

  @Override
  public @Nullable Node simplify(Node[] inputs) {
    return inputs[2].shape().elements() == 0 ? inputs[0] : null;
  }

  @Override
  public @Nullable Node[] gradient(Node out, Node dOut) {
    Node ids = out.input(2);
    Node kept =
        out.input(0).requiresGrad() ? of(dOut, BroadcastTo.zeros(out.input(1).shape()), ids) : null;
    Node written = out.input(1).requiresGrad() ? Gather.of(dOut, ids) : null;
    return new @Nullable Node[] {kept, written, null};
  }

  @Override
  public Node decompose(Node[] inputs) {
    Shape table = inputs[0].shape();
    ScatterAdd scatter = new ScatterAdd(table.dim(0));
    Shape one = inputs[2].shape().rank() == 0 ? Shape.of(1) : inputs[1].shape().with(-1, 1);
    Node marks = Node.of(scatter, BroadcastTo.of(Pointwise.constant(1), one), inputs[2]);
    Node values = Node.of(scatter, inputs[1], inputs[2]);
    return Node.of(Pointwise.WHERE, BroadcastTo.of(marks, table), values, inputs[0]);
  }
}
