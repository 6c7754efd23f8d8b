package dev.peft4j.graph;

import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;

/**
 * One call of {@code backward()}: the loss and the variables that received a gradient. Until it is
 * computed, reading any tensor of the pass computes the whole pass, so that forward and backward
 * run once.
 */
public final class BackwardPass {
  private final Node loss;
  private final List<Variable> variables = new ArrayList<>();
  private final List<Node> members = new ArrayList<>();

  BackwardPass(Node loss) {
    this.loss = loss;
  }

  /** Returns the loss. */
  public Node loss() {
    return loss;
  }

  /** Returns the variables that received a gradient. */
  public List<Variable> variables() {
    return variables;
  }

  /** Computes the whole pass when {@code node}, which was computed from gradients, is read. */
  public void accompany(Node node) {
    add(node);
  }

  void add(Node member) {
    members.add(member);
    member.join(this);
  }

  /**
   * Adds the nodes whose values are needed when the pass is computed, each once: the loss and the
   * gradients, and those of the other passes that the same gradients accumulate.
   */
  public void roots(Set<Node> into) {
    for (BackwardPass p : together()) {
      into.add(p.loss);
      for (Variable v : p.variables) {
        Node g = v.gradient();
        if (g != null) {
          into.add(g);
        }
      }
    }
  }

  /** Marks the pass, and those computed with it, as computed. */
  public void done() {
    for (BackwardPass p : together()) {
      for (Node n : p.members) {
        if (n.pass() == p) {
          n.join(null);
        }
      }
      p.members.clear();
    }
  }

  /** Returns this pass and those that share a gradient with it, or with one of them. */
  private Set<BackwardPass> together() {
    Set<BackwardPass> found = new LinkedHashSet<>(List.of(this));
    List<BackwardPass> open = new ArrayList<>(found);
    while (!open.isEmpty()) {
      for (Variable v : open.removeLast().variables) {
        for (BackwardPass p : v.passes()) {
          if (found.add(p)) {
            open.add(p);
          }
        }
      }
    }
    return found;
  }
}
