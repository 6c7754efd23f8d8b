package dev.peft4j.optim;

import dev.peft4j.backend.Engine;
import dev.peft4j.data.DType;
import dev.peft4j.data.Shape;
import dev.peft4j.data.Storage;
import dev.peft4j.graph.BackwardPass;
import dev.peft4j.graph.Node;
import dev.peft4j.graph.Variable;
import dev.peft4j.graph.VariableGroup;
import dev.peft4j.nn.Modes;
import dev.peft4j.nn.OverlaySource;
import dev.peft4j.nn.Parameter;
import java.util.ArrayList;
import java.util.Collections;
import java.util.IdentityHashMap;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.SequencedMap;
import java.util.Set;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * Changes parameters along their gradients. {@link #step} runs whatever is still pending of forward
 * and backward together with the update as one program, takes the gradients, and leaves the losses
 * readable. A step either happens wholly or, if anything in it fails, not at all, also for other
 * threads that compute with the parameters meanwhile: each of their results comes from the values
 * before the step or from those after it.
 */
public abstract class Optimizer {
  private final List<Parameter> parameters;
  private final Set<Variable> own = Collections.newSetFromMap(new IdentityHashMap<>());
  private final List<SequencedMap<String, Variable>> states = new ArrayList<>();
  private final List<Modes> modes;
  private final Variable lr;
  private long steps;

  /** An optimizer of {@code parameters}: at least one, and each once. */
  protected Optimizer(List<Parameter> parameters, float lr) {
    if (parameters.isEmpty()) {
      throw new IllegalArgumentException(
          "an optimizer needs at least one parameter; is everything frozen?");
    }
    checkRate(lr);
    this.parameters = List.copyOf(parameters);
    for (Parameter p : parameters) {
      if (!own.add(p.variable())) {
        throw new IllegalArgumentException(
            "an optimizer was given the parameter '" + p.name() + "' twice");
      }
      states.add(new LinkedHashMap<>());
    }
    VariableGroup.uniteVariables(
        parameters.stream()
            .map(Parameter::variable)
            .toList()); // others see all that a step changes, or nothing
    this.modes =
        parameters.stream()
            .flatMap(p -> p.trainedFor().stream())
            .map(OverlaySource::modes)
            .distinct()
            .toList();
    this.lr = hyper("lr", lr);
  }

  /** The parameters. */
  public List<Parameter> parameters() {
    return parameters;
  }

  /** The learning rate. */
  public float lr() {
    return lr.storage().floatAt(0);
  }

  /** Changes the learning rate for the next steps; finite and not negative. */
  public void lr(float value) {
    checkRate(value);
    set(lr, value);
  }

  private static void checkRate(float lr) {
    if (!(lr >= 0 && Float.isFinite(lr))) {
      throw new IllegalArgumentException(
          "learning rate " + lr + ": must be finite and not negative");
    }
  }

  /** Steps done. */
  public long steps() {
    return steps;
  }

  /**
   * Updates every parameter that has a gradient and forgets the gradients.
   *
   * @throws IllegalStateException if no parameter has one
   * @throws NonFiniteLossException if a loss is NaN or infinite; nothing is changed
   */
  public void step() {
    List<Node> roots = new ArrayList<>(parameters.size() * 3 + 1);
    List<@Nullable Variable> targets = new ArrayList<>(parameters.size() * 3 + 1);
    Set<BackwardPass> passes = new LinkedHashSet<>();
    beforeStep(steps + 1);
    for (int i = 0; i < parameters.size(); i++) {
      Variable v = parameters.get(i).variable();
      Node g = v.gradient();
      if (g != null) {
        passes.addAll(v.passes());
        update(
            v,
            g,
            states.get(i),
            (node, target) -> {
              roots.add(node);
              targets.add(target);
            });
      }
    }
    if (roots.isEmpty()) {
      throw new IllegalStateException(
          "step: no parameter of this optimizer has a gradient; call backward() on a loss first,"
              + " one that is computed from them: "
              + parameters.stream()
                  .map(p -> "'" + p.name() + "'")
                  .distinct()
                  .limit(3)
                  .collect(Collectors.joining(", "))
              + (parameters.size() > 3 ? ", ..." : ""));
    }
    for (BackwardPass pass : passes) {
      roots.add(pass.loss());
      targets.add(null);
      for (Variable other : pass.variables()) {
        Node g = other.gradient();
        if (g != null && !own.contains(other)) {
          // a gradient that another optimizer will use must not depend on values that change now
          roots.add(g);
          targets.add(null);
        }
      }
    }
    Engine.evaluate(roots, targets, () -> check(passes));
    for (Parameter p : parameters) {
      p.variable().clearGradient();
    }
    for (BackwardPass pass : passes) {
      pass.done();
      pass.loss().release();
    }
    modes.forEach(Modes::stepped);
    steps++;
  }

  private void check(Set<BackwardPass> passes) {
    for (BackwardPass pass : passes) {
      Storage value = pass.loss().value();
      if (value != null && !Float.isFinite(value.floatAt(0))) {
        throw new NonFiniteLossException(steps + 1, value.floatAt(0));
      }
    }
  }

  /** Forgets the gradients without a step. */
  public void zeroGrad() {
    for (Parameter p : parameters) {
      p.variable().clearGradient();
    }
  }

  /** Receives what a step computes. */
  protected interface Update {
    /** {@code target} becomes the value of {@code node} when the step is done. */
    void assign(Node node, Variable target);
  }

  /**
   * Called before a step builds its updates: the place to set what depends on the step's number,
   * counted from 1.
   */
  protected void beforeStep(long step) {}

  /** Builds the update of one parameter from its gradient and its state, which starts empty. */
  protected abstract void update(
      Variable p, Node gradient, SequencedMap<String, Variable> state, Update update);

  /** A state of the parameter's shape, zero at first. */
  protected static Variable state(SequencedMap<String, Variable> state, String name, Variable p) {
    return state.computeIfAbsent(
        name,
        n ->
            new Variable(
                p.name() + "." + n,
                Storage.allocate(DType.FLOAT32, p.shape().elements()),
                p.shape(),
                false));
  }

  /** A number that may change from step to step without a new program. */
  protected static Variable hyper(String name, float value) {
    return new Variable(name, Storage.of(value), Shape.SCALAR, false);
  }

  /** Changes such a number. */
  protected static void set(Variable hyper, float value) {
    if (hyper.storage().floatAt(0) != value) {
      hyper.storage().setFloat(0, value);
      hyper.changed();
    }
  }

  /** The learning rate as a node. */
  protected Node lrNode() {
    return lr.node();
  }

  /** The state of each parameter, by name; in the order of {@link #parameters}. For checkpoints. */
  public List<SequencedMap<String, Variable>> states() {
    return states;
  }

  /** Returns the kind, by which a checkpoint tells whether it is of such an optimizer. */
  public String kind() {
    return getClass().getSimpleName();
  }

  /**
   * Names the parameters that do not decay, for as long as a trainer runs: biases and the weights
   * of norms. An optimizer with weight decay leaves them out unless it was told which to leave out;
   * others need not do anything.
   */
  public void exemptFromDecay(Set<Parameter> exempt) {}

  /** The kind and the settings that do not change from step to step, without the learning rate. */
  @Override
  public String toString() {
    return getClass().getSimpleName();
  }

  /** Continues the count of steps from a checkpoint. */
  public void steps(long done) {
    steps = done;
  }
}
