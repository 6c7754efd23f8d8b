package dev.peft4j.graph;

import java.util.ArrayList;
import java.util.List;

/**
 * One call of {@code backward()}: the loss and the variables that received a gradient. Until it is computed, reading any
 * tensor that took part computes the whole pass, so that forward and backward run once.
 */
public final class BackwardPass {
  private final Node loss;
  private final List<Variable> variables = new ArrayList<>();
  private final List<Node> members = new ArrayList<>();

  BackwardPass(Node loss) {
    this.loss = loss;
  }

  /** The loss. */
  public Node loss() {
    return loss;
  }

  /** The variables that received a gradient. */
  public List<Variable> variables() {
    return variables;
  }

  void add(Node member) {
    members.add(member);
    member.join(this);
  }

  /** Nodes whose values are wanted when the pass is computed: the loss and the gradients. */
  public void roots(List<Node> into) {
    into.add(loss);
    for (Variable v : variables) {
      Node g = v.gradient();
      if (g != null) {
        into.add(g);
      }
    }
  }

  /** Marks the pass as computed. */
  public void done() {
    for (Node n : members) {
      if (n.pass() == this) {
        n.join(null);
      }
    }
    members.clear();
  }
}
