package dev.peft4j.backend;

import dev.peft4j.data.Rng;
import dev.peft4j.data.Shape;
import dev.peft4j.data.Storage;
import dev.peft4j.graph.ActivationCheckpointing;
import dev.peft4j.graph.Node;
import dev.peft4j.graph.Variable;
import dev.peft4j.tensor.Tensor;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;

/** A model of many equal blocks with dropout, frozen weights and trained ones of low rank. */
final class Tower {
  private static final int WIDTH = 16;
  private static final int INNER = 64;

  final List<Variable> trained = new ArrayList<>();
  private final List<Variable> frozen = new ArrayList<>();
  private final Rng rng = new Rng(3);
  private final int blocks;
  private final Tensor input;

  Tower(int blocks, int rows) {
    this.blocks = blocks;
    this.input = Tensor.of(rng.normal(rows * WIDTH, 0, 1), rows, WIDTH);
    for (int b = 0; b < blocks; b++) {
      frozen.add(variable(false, INNER, WIDTH));
      frozen.add(variable(false, WIDTH, INNER));
      trained.add(variable(true, 2, WIDTH));
      trained.add(variable(true, INNER, 2));
    }
  }

  private Variable variable(boolean isTrained, int out, int in) {
    Storage values = Storage.of(rng.normal(out * in, 0, (float) (1 / Math.sqrt(in))));
    return new Variable("w", values, Shape.of(out, in), isTrained);
  }

  /** The loss and then the gradient of each trained variable, not computed yet. */
  List<Node> step(ActivationCheckpointing checkpointing) {
    Tensor x = input;
    for (int b = 0; b < blocks; b++) {
      int block = b;
      Tensor in = x;
      x = checkpointing.block(() -> block(block, in));
    }
    Tensor loss = x.square().mean();
    trained.forEach(Variable::clearGradient);
    loss.backward();
    List<Node> all = new ArrayList<>(List.of(loss.node()));
    trained.forEach(v -> all.add(Objects.requireNonNull(v.gradient())));
    return all;
  }

  private Tensor block(int b, Tensor x) {
    Tensor up = x.linear(node(frozen, 2 * b), null);
    Tensor dropped = x.dropout(0.3f, Tensor.of(new long[] {b + 7}));
    Tensor low = dropped.linear(node(trained, 2 * b), null).linear(node(trained, 2 * b + 1), null);
    Tensor inner = up.add(low.mul(0.5f));
    Tensor gated = inner.sigmoid().mul(inner).add(inner.softmax(-1));
    return x.add(gated.linear(node(frozen, 2 * b + 1), null));
  }

  private static Tensor node(List<Variable> of, int i) {
    return Tensor.of(of.get(i).node());
  }
}
