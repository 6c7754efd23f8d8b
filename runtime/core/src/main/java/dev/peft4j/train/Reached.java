package dev.peft4j.train;

import dev.peft4j.graph.Node;
import dev.peft4j.graph.Variable;
import dev.peft4j.nn.Parameter;
import dev.peft4j.tensor.Tensor;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashSet;
import java.util.IdentityHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;

/** A check that a loss depends on the parameters of an optimizer. */
final class Reached {
  private static final int SHOWN = 3;

  /** The text for parameters that do not belong to a named model. */
  private static final String UNNAMED = "parameter";

  private Reached() {}

  /**
   * Throws if the loss depends on none of the parameters that the optimizer trains.
   *
   * @param where the step and the batch, in words
   * @throws IllegalStateException that names both
   */
  static void require(Tensor loss, List<Parameter> parameters, String where) {
    Set<Variable> trained = Collections.newSetFromMap(new IdentityHashMap<>());
    parameters.forEach(p -> trained.add(p.variable()));
    Set<Variable> reached = new LinkedHashSet<>();
    if (reaches(loss.node(), trained, reached)) {
      return;
    }
    List<String> ours = parameters.stream().map(Parameter::name).toList();
    List<String> theirs = reached.stream().map(Variable::name).sorted().toList();
    if (theirs.isEmpty()) {
      throw new IllegalStateException(
          where
              + ": the loss is computed from no parameter that is trained, the optimizer trains "
              + listed(ours)
              + ". Is everything frozen that the loss is computed from, or another adapter"
              + " active?");
    }
    boolean sameNames = !Collections.disjoint(new HashSet<>(ours), theirs);
    throw new IllegalStateException(
        where
            + ": the loss reaches none of the parameters that the optimizer trains, "
            + listed(ours)
            + "; it is computed from "
            + (theirs.stream().allMatch(UNNAMED::equals)
                ? "parameters of a module that does not belong to the trainer's model"
                : listed(theirs))
            + (sameNames ? ", which have the same names but belong to another model" : "")
            + ". Make the optimizer of the trainableParameters() of the model that the loss is"
            + " computed with, when the adapter to be trained is active");
  }

  /**
   * Returns whether the loss depends on one of {@code wanted}; if not, {@code found} has all that
   * it depends on.
   */
  private static boolean reaches(Node loss, Set<Variable> wanted, Set<Variable> found) {
    Set<Node> seen = Collections.newSetFromMap(new IdentityHashMap<>());
    List<Node> open = new ArrayList<>(List.of(loss));
    while (!open.isEmpty()) {
      Node n = open.removeLast();
      Variable v = n.variable();
      if (v != null && v.trainable()) {
        if (wanted.contains(v)) {
          return true;
        }
        found.add(v);
      }
      for (Node in : n.inputs()) {
        if (in.requiresGrad() && seen.add(in)) {
          open.add(in);
        }
      }
    }
    return false;
  }

  private static String listed(List<String> names) {
    String first = String.join(", ", names.stream().limit(SHOWN).map(n -> "'" + n + "'").toList());
    return names.size() <= SHOWN ? first : first + " and " + (names.size() - SHOWN) + " more";
  }
}
