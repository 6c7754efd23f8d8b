package dev.peft4j.backend.cases;

import java.util.ArrayList;
import java.util.List;

/**
 * Collects the cases of one group; the name of a case is made of the op and the shapes of its
 * inputs.
 */
final class CaseList {
  final List<OpCase> cases = new ArrayList<>();

  void add(String op, OpCase.Function f, In... inputs) {
    cases.add(new OpCase(named(op, inputs), f, inputs));
  }

  /** A case whose result is near 0 though its terms are not. */
  void add(double absolute, String op, OpCase.Function f, In... inputs) {
    cases.add(new OpCase(named(op, inputs), f, inputs).absolute(absolute));
  }

  private static String named(String op, In... inputs) {
    StringBuilder name = new StringBuilder(op);
    for (In in : inputs) {
      name.append(' ').append(in.shape()).append(in.trainable() ? "" : "*");
    }
    return name.toString();
  }
}
