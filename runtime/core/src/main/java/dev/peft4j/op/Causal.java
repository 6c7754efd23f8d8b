package dev.peft4j.op;

import dev.peft4j.data.Shape;
import dev.peft4j.graph.Node;
import dev.peft4j.graph.Op;
import org.jspecify.annotations.Nullable;

/**
 * An additive mask (rows, columns): 0 where a column is not later than its row (the last row sees
 * all columns), minus infinity elsewhere.
 */
public record Causal(int rows, int columns) implements Op {
  @Override
  public Shape shape(Node[] inputs) {
    return Shape.of(rows, columns);
  }

  @Override
  public @Nullable Node[] gradient(Node out, Node dOut) {
    return Op.noGradient(out);
  }
}
