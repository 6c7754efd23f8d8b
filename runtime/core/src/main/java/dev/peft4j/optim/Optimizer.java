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
import dev.peft4j.tensor.Tensor;
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
 * An algorithm that changes parameters along their gradients. {@link #step} runs what is pending of
 * forward and backward, and the update, as one program; it consumes the gradients, and losses can
 * be read afterwards. A step is atomic: if anything in it fails, nothing changes, and other threads
 * that compute with the parameters see the values either before or after the step.
 */
public abstract class Optimizer {
  private final List<Parameter> parameters;
  private final Set<Variable> own = Collections.newSetFromMap(new IdentityHashMap<>());
  private final List<SequencedMap<String, Variable>> states = new ArrayList<>();
  private final List<Modes> modes;
  private final Variable lr;
  private long steps;

  /** Creates an optimizer of {@code parameters}: at least one, and each only once. */
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

  /** Returns the parameters. */
  public List<Parameter> parameters() {
    return parameters;
  }

  /** Returns the learning rate. */
  public float lr() {
    return lr.storage().floatAt(0);
  }

  /** Sets the learning rate for the next steps; finite and not negative. */
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

  /** Returns the number of steps done. */
  public long steps() {
    return steps;
  }

  /**
   * Updates every parameter that has a gradient, and clears the gradients.
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
    followTransposed(roots, targets);
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

  /** Lets matrices that are transposes of each other go on from each other's new value. */
  private static void followTransposed(List<Node> roots, List<@Nullable Variable> targets) {
    int given = targets.size();
    for (int i = 0; i < given; i++) {
      Variable first = targets.get(i);
      Variable other = first == null ? null : first.transposed();
      if (other == null) {
        continue;
      }
      int j = targets.indexOf(other);
      Node turned = Tensor.of(roots.get(i)).transpose(0, 1).node();
      if (j < 0) {
        roots.add(turned);
        targets.add(other);
      } else if (j > i) {
        Node next = roots.get(j);
        Node[] inputs = next.inputs().clone();
        Node leaf = other.node();
        for (int k = 0; k < inputs.length; k++) {
          inputs[k] = inputs[k] == leaf ? turned : inputs[k];
        }
        Node last = Node.of(next.op(), inputs);
        roots.set(j, last);
        roots.set(i, Tensor.of(last).transpose(0, 1).node());
      }
    }
  }

  private void check(Set<BackwardPass> passes) {
    for (BackwardPass pass : passes) {
      Storage value = pass.loss().value();
      if (value != null && !Float.isFinite(value.floatAt(0))) {
        throw new NonFiniteLossException(steps + 1, value.floatAt(0));
      }
    }
  }

  /** Clears the gradients without a step. */
  public void zeroGrad() {
    for (Parameter p : parameters) {
      p.variable().clearGradient();
    }
  }

  /** The receiver of what a step computes. */
  protected interface Update {
    /** Assigns the value of {@code node} to {@code target} when the step is done. */
    void assign(Node node, Variable target);
  }

  /**
   * Prepares a step before its updates are built: values that depend on the step's number, counted
   * from 1, are set here.
   */
  protected void beforeStep(long step) {}

  /** Builds the update of one parameter from its gradient and its state, which starts empty. */
  protected abstract void update(
      Variable p, Node gradient, SequencedMap<String, Variable> state, Update update);

  /** Returns a state of the parameter's shape, initially zero. */
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

  /** Creates a number that may change from step to step without a new program. */
  protected static Variable hyper(String name, float value) {
    return new Variable(name, Storage.of(value), Shape.SCALAR, false);
  }

  /** Sets such a number. */
  protected static void set(Variable hyper, float value) {
    if (hyper.storage().floatAt(0) != value) {
      hyper.storage().setFloat(0, value);
      hyper.changed();
    }
  }

  /** Returns the learning rate as a node. */
  protected Node lrNode() {
    return lr.node();
  }

  /**
   * Returns the state of each parameter, by name, in the order of {@link #parameters}; for
   * checkpoints. For checkpoints.
   */
  public List<SequencedMap<String, Variable>> states() {
    return states;
  }

  /** Returns the kind of optimizer, which a checkpoint stores and checks. */
  public abstract String kind();

  /**
   * Exempts parameters from weight decay for as long as a trainer runs: biases and the weights of
   * norms. An optimizer with weight decay exempts them unless it was configured otherwise; other
   * optimizers need not do anything.
   */
  public void exemptFromDecay(Set<Parameter> exempt) {}

  /** Returns the kind and the fixed settings, without the learning rate. */
  @Override
  public String toString() {
    return getClass().getSimpleName();
  }

  /** Sets the number of steps done, from a checkpoint. */
  public void steps(long done) {
    steps = done;
  }
}
