package dev.peft4j.optim;

import static dev.peft4j.graph.Scalar.input;

import dev.peft4j.graph.Elementwise;
import dev.peft4j.graph.Node;
import dev.peft4j.graph.Variable;
import dev.peft4j.nn.Parameter;
import java.util.List;
import java.util.SequencedMap;

/**
 * Plain stochastic gradient descent, computed as torch's {@code SGD} without dampening: b ←
 * momentum·b + g (b = g at the first step), p ← p - lr·b.
 */
public final class Sgd extends Optimizer {
  private static final Elementwise DESCEND =
      new Elementwise("sgd", 3, input(0).sub(input(1).mul(input(2))));

  private final float momentum;
  private final Elementwise accumulate;

  private Sgd(List<Parameter> parameters, float lr, float momentum) {
    super(parameters, lr);
    if (!(momentum >= 0 && momentum < 1)) {
      throw new IllegalArgumentException(
          "Sgd: momentum is " + momentum + ", must be at least 0 and less than 1");
    }
    this.momentum = momentum;
    this.accumulate = new Elementwise("sgd-momentum", 2, input(1).mul(momentum).add(input(0)));
  }

  /** Creates plain gradient descent. */
  public static Sgd of(List<Parameter> parameters, float lr) {
    return new Sgd(parameters, lr, 0);
  }

  /** Creates gradient descent with momentum. */
  public static Sgd of(List<Parameter> parameters, float lr, float momentum) {
    return new Sgd(parameters, lr, momentum);
  }

  @Override
  public String kind() {
    return "Sgd";
  }

  @Override
  public String toString() {
    return "Sgd(momentum " + momentum + ")";
  }

  @Override
  protected void update(Variable p, Node g, SequencedMap<String, Variable> state, Update update) {
    Node direction = g;
    if (momentum > 0) {
      // a buffer of zeros gives b = g at the first step
      Variable buffer = state(state, "momentum_buffer", p);
      direction = Node.of(accumulate, g, buffer.node());
      update.assign(direction, buffer);
    }
    update.assign(Node.of(DESCEND, p.node(), direction, lrNode()), p);
  }
}
