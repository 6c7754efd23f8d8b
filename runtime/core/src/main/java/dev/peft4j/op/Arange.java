package dev.peft4j.op;

import dev.peft4j.data.Shape;
import dev.peft4j.graph.Node;
import dev.peft4j.graph.Op;
import org.jspecify.annotations.Nullable;

/** The numbers 0, 1, … size - 1 as float32: torch's {@code arange}. It has no inputs. */
public record Arange(int size) implements Op {
  /**
   * Returns the numbers from 0 to below {@code size} along an axis that {@code after} others
   * follow.
   */
  static Node of(int size, int after) {
    Node n = Node.of(new Arange(size));
    int[] d = new int[after + 1];
    java.util.Arrays.fill(d, 1);
    d[0] = size;
    return after == 0 ? n : Reshape.of(n, Shape.of(d));
  }

  @Override
  public Shape shape(Node[] inputs) {
    return Shape.of(size);
  }

  @Override
  public @Nullable Node[] gradient(Node out, Node dOut) {
    return Op.noGradient(out);
  }
}
