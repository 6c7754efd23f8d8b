package dev.peft4j.backend;

import dev.peft4j.data.Storage;
import dev.peft4j.graph.BackwardPass;
import dev.peft4j.graph.Node;
import dev.peft4j.graph.Program;
import dev.peft4j.graph.Replacement;
import dev.peft4j.graph.State;
import dev.peft4j.graph.Trace;
import dev.peft4j.graph.Variable;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Collections;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * The evaluation of nodes: traces what they need, finds or compiles the program of that structure,
 * and runs it.
 */
public final class Engine {
  private static final Runnable OPEN = () -> {};

  private Engine() {}

  /**
   * Returns the value of {@code node}; a backward pass that it takes part in is computed with it.
   */
  public static Storage value(Node node) {
    Storage known = node.value();
    if (known != null) {
      return known;
    }
    BackwardPass pass = node.pass();
    Set<Node> wanted = new LinkedHashSet<>();
    wanted.add(node);
    if (pass != null) {
      pass.roots(wanted);
    }
    List<Node> roots = List.copyOf(wanted);
    evaluate(roots, Collections.nCopies(roots.size(), null), OPEN);
    if (pass != null) {
      pass.done();
    }
    Storage value = node.value();
    if (value == null) {
      throw new IllegalStateException("not computed: " + node.describe());
    }
    return value;
  }

  /**
   * Computes nodes and replaces variables. Either all targets are replaced or, if anything fails,
   * none.
   *
   * @param roots what to compute
   * @param targets for each root the variable that receives the value, or null to keep it in the
   *     node
   * @param gate called when everything is computed and before anything is replaced; may throw to
   *     stop
   */
  public static void evaluate(
      List<Node> roots, List<? extends @Nullable Variable> targets, Runnable gate) {
    List<Node> open = new ArrayList<>(roots.size());
    List<@Nullable Variable> openTargets = new ArrayList<>(roots.size());
    Set<Node> retained = null;
    for (int i = 0; i < roots.size(); i++) {
      Variable target = targets.get(i);
      if (target != null || !roots.get(i).isKnown()) {
        open.add(roots.get(i));
        openTargets.add(target);
      }
      if (target != null && !target.retained().isEmpty()) {
        retained = retained == null ? new LinkedHashSet<>() : retained;
        retained.addAll(target.retained());
      }
    }
    if (retained != null) {
      open.addAll(retained);
      openTargets.addAll(Collections.nCopies(retained.size(), null));
    }
    if (open.isEmpty()) {
      gate.run();
      return;
    }
    Backend backend = Backends.current();
    Trace trace = Trace.of(open, openTargets);
    Backend.Executable executable = backend.programs().get(trace);
    Node[] all = trace.roots();
    Replacement replacement = Replacement.of(trace);
    Storage[] outputs = replacement.places();
    for (int i = 0; i < outputs.length; i++) {
      if (trace.targets()[i] == null) {
        outputs[i] = Storage.allocate(all[i].dtype(), all[i].shape().elements());
      }
    }
    try {
      executable.run(
          trace.inputs(),
          outputs,
          () -> {
            for (int i = 0; i < all.length; i++) {
              if (trace.targets()[i] == null) {
                all[i].resolve(outputs[i]);
              }
            }
            gate.run();
            replacement.begin();
          });
      replacement.publish();
    } finally {
      replacement.end();
    }
    Profile profile = Profile.current();
    if (profile != null) {
      profile.keeps(backend);
    }
  }

  /**
   * Computes nodes, and what has been set to states, in one program.
   *
   * @throws dev.peft4j.graph.StaleTensorException if something was computed from a value that has
   *     changed since
   */
  public static void update(List<Node> results, Collection<State> states) {
    List<Node> roots = new ArrayList<>(results);
    List<@Nullable Variable> targets = new ArrayList<>(Collections.nCopies(roots.size(), null));
    for (State s : states) {
      Node next = s.pending();
      if (next != null) {
        roots.add(next);
        targets.add(s.variable());
      }
    }
    try {
      evaluate(roots, targets, OPEN);
    } finally {
      states.forEach(State::forget);
    }
  }

  /** Returns the program that computes {@code roots} on a backend, for tests and profiles. */
  public static Program program(Backend backend, List<Node> roots) {
    return program(backend, roots, Collections.nCopies(roots.size(), null));
  }

  /**
   * Returns the program that computes {@code roots} on a backend and replaces variables by them.
   *
   * @param targets for each root the variable that it replaces, or null
   */
  public static Program program(
      Backend backend, List<Node> roots, List<? extends @Nullable Variable> targets) {
    return Program.of(Trace.of(roots, targets), backend);
  }
}
