package dev.peft4j.optim;

import static dev.peft4j.graph.Scalar.input;

import dev.peft4j.graph.Elementwise;
import dev.peft4j.graph.Node;
import dev.peft4j.graph.Scalar;
import dev.peft4j.graph.Scalar.Fn1;
import dev.peft4j.graph.Variable;
import dev.peft4j.nn.Parameter;
import dev.peft4j.tensor.Tensor;
import java.util.Collections;
import java.util.HashMap;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import java.util.SequencedMap;
import java.util.Set;
import java.util.function.Function;
import java.util.function.Predicate;
import java.util.function.ToDoubleFunction;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;

/**
 * Adam with decoupled weight decay (Loshchilov and Hutter 2019), computed as torch's {@code AdamW}:
 * p ← p·(1 - lr·decay); m ← m + (1-β₁)(g - m); v ← β₂v + (1-β₂)g²; p ← p - lr/(1-β₁ᵗ) · m /
 * (√v/√(1-β₂ᵗ) + eps).
 *
 * <p>All parameters decay, as those of torch's {@code AdamW} do. A {@code Trainer} exempts biases
 * and the weights of norms, as transformers' {@code Trainer} does, unless the builder was told what
 * decays: {@link Builder#decayAll} or {@link Builder#withoutDecay}.
 */
public final class AdamW extends Optimizer {
  private final double beta1;
  private final double beta2;
  private final double eps;
  private final double weightDecay;
  private final Elementwise firstMoment;
  private final Elementwise secondMoment;
  private final Elementwise parameter;
  private final Variable keep = hyper("1 - lr * weight decay", 1);
  private final Variable whole = hyper("no weight decay", 1);
  private final @Nullable String choice;
  private final Set<Variable> undecayed = Collections.newSetFromMap(new IdentityHashMap<>());
  private final Variable stepSize = hyper("step size", 0);
  private final Variable correction = hyper("sqrt(1 - beta2^t)", 1);
  private final Map<Variable, Rate> rates = new IdentityHashMap<>();
  private final Map<Variable, UnaryOperator<Tensor>> gradients = new IdentityHashMap<>();
  private final boolean late;
  private final String special;

  /** What parameters of another learning rate have for themselves. */
  private record Rate(double factor, Variable keep, Variable stepSize) {}

  private AdamW(List<Parameter> parameters, Builder b) {
    super(parameters, b.lr);
    this.beta1 = b.beta1;
    this.beta2 = b.beta2;
    this.eps = b.eps;
    this.weightDecay = b.weightDecay;
    this.choice = b.choice(parameters);
    this.late = b.late;
    this.special = b.special;
    Map<Double, Rate> shared = new HashMap<>();
    for (Parameter p : parameters) {
      double factor = b.factor.applyAsDouble(p);
      if (factor != 1) {
        rates.put(
            p.variable(),
            shared.computeIfAbsent(
                factor,
                f -> new Rate(f, hyper("1 - lr * weight decay", 1), hyper("step size", 0))));
      }
      UnaryOperator<Tensor> gradient = b.gradients.apply(p);
      if (gradient != null) {
        gradients.put(p.variable(), gradient);
      }
    }
    parameters.stream().filter(b.without).forEach(p -> undecayed.add(p.variable()));
    Scalar g = input(0);
    this.firstMoment = new Elementwise("adamw-m", 2, input(1).add(g.sub(input(1)).mul(1 - beta1)));
    this.secondMoment =
        new Elementwise("adamw-v", 2, input(1).mul(beta2).add(g.mul(g).mul(1 - beta2)));
    // inputs: p, m, v, keep, step size, correction
    Scalar root = input(2).fn(Fn1.SQRT);
    Scalar denominator = late ? root.add(b.eps).div(input(5)) : root.div(input(5)).add(b.eps);
    Scalar move = input(4).mul(input(1).div(denominator));
    this.parameter =
        new Elementwise(
            "adamw-p",
            6,
            late ? input(0).sub(move).mul(input(3)) : input(0).mul(input(3)).sub(move));
  }

  /** Creates an AdamW with torch's defaults: β 0.9 and 0.999, eps 1e-8, weight decay 0.01. */
  public static AdamW of(List<Parameter> parameters, float lr) {
    return builder().lr(lr).build(parameters);
  }

  /**
   * Returns a builder with torch's defaults: lr 1e-3, β 0.9 and 0.999, eps 1e-8, weight decay 0.01.
   */
  public static Builder builder() {
    return new Builder();
  }

  @Override
  protected void beforeStep(long step) {
    set(keep, (float) (1 - (double) lr() * weightDecay));
    set(stepSize, (float) (lr() / (1 - Math.pow(beta1, step))));
    for (Rate r : rates.values()) {
      double lr = lr() * r.factor;
      set(r.keep, (float) (1 - lr * weightDecay));
      set(r.stepSize, (float) (lr / (1 - Math.pow(beta1, step))));
    }
    set(correction, (float) Math.sqrt(1 - Math.pow(beta2, step)));
  }

  @Override
  protected void update(
      Variable p, Node found, SequencedMap<String, Variable> state, Update update) {
    UnaryOperator<Tensor> turned = gradients.get(p);
    Node g = turned == null ? found : turned.apply(Tensor.of(found)).node();
    Rate rate = rates.get(p);
    Variable m = state(state, "exp_avg", p);
    Variable v = state(state, "exp_avg_sq", p);
    Node m1 = Node.of(firstMoment, g, m.node());
    Node v1 = Node.of(secondMoment, g, v.node());
    Variable decay = rate == null ? keep : rate.keep;
    Node kept = (undecayed.contains(p) ? whole : decay).node();
    Node size = (rate == null ? stepSize : rate.stepSize).node();
    Node p1 = Node.of(parameter, p.node(), m1, v1, kept, size, correction.node());
    update.assign(m1, m);
    update.assign(v1, v);
    update.assign(p1, p);
  }

  @Override
  public void exemptFromDecay(Set<Parameter> exempt) {
    if (choice == null) {
      undecayed.clear();
      exempt.forEach(p -> undecayed.add(p.variable()));
    }
  }

  @Override
  public String kind() {
    return "AdamW";
  }

  @Override
  public String toString() {
    return "AdamW(betas "
        + beta1
        + " and "
        + beta2
        + ", eps "
        + eps
        + ", decay "
        + weightDecay
        + (choice == null ? "" : choice)
        + special
        + ")";
  }

  /** Settings of {@link AdamW}. */
  public static final class Builder {
    private float lr = 1e-3f;
    private double beta1 = 0.9;
    private double beta2 = 0.999;
    private double eps = 1e-8;
    private double weightDecay = 0.01;
    private boolean all;
    private boolean late;
    private String special = "";
    private ToDoubleFunction<? super Parameter> factor = _ -> 1;
    private Function<? super Parameter, @Nullable UnaryOperator<Tensor>> gradients = _ -> null;
    private Predicate<? super Parameter> without = _ -> false;

    private Builder() {}

    /** Sets the learning rate. */
    public Builder lr(float value) {
      lr = value;
      return this;
    }

    /** Sets the decay rates of the two running means; each at least 0 and less than 1. */
    public Builder betas(double first, double second) {
      if (!(first >= 0 && first < 1 && second >= 0 && second < 1)) {
        throw new IllegalArgumentException(
            "AdamW: betas are "
                + first
                + " and "
                + second
                + ", each must be at least 0 and less than 1");
      }
      beta1 = first;
      beta2 = second;
      return this;
    }

    /** Sets the number that is added to the denominator; positive. */
    public Builder eps(double value) {
      if (!(value > 0 && Double.isFinite(value))) {
        throw new IllegalArgumentException(
            "AdamW: eps is " + value + ", must be positive and finite");
      }
      eps = value;
      return this;
    }

    /** Sets the decoupled weight decay; not negative. */
    public Builder weightDecay(double value) {
      if (!(value >= 0 && Double.isFinite(value))) {
        throw new IllegalArgumentException(
            "AdamW: weight decay is " + value + ", must be finite and not negative");
      }
      weightDecay = value;
      return this;
    }

    /**
     * Applies weight decay to all parameters, biases and norms too, also within a {@code Trainer}.
     */
    public Builder decayAll() {
      all = true;
      without = _ -> false;
      return this;
    }

    /**
     * Exempts parameters from weight decay, such as {@code p -> p.name().endsWith("bias")}. All
     * others decay, also within a {@code Trainer}.
     */
    public Builder withoutDecay(Predicate<? super Parameter> exempt) {
      all = true;
      without = exempt;
      return this;
    }

    /**
     * Sets learning rates of some parameters, as multiples of the optimizer's.
     *
     * @param factorOf at least 0
     * @param words what they are, in words, which a checkpoint stores and checks
     */
    public Builder rates(ToDoubleFunction<? super Parameter> factorOf, String words) {
      factor = factorOf;
      special += ", " + words;
      return this;
    }

    /**
     * Changes gradients before they are used.
     *
     * @param changeOf for a parameter the change of its gradient, or null; what it computes may
     *     depend on other parameters
     * @param words what is changed, in words, which a checkpoint stores and checks
     */
    public Builder gradients(
        Function<? super Parameter, @Nullable UnaryOperator<Tensor>> changeOf, String words) {
      gradients = changeOf;
      special += ", " + words;
      return this;
    }

    /**
     * Computes as transformers' own AdamW did: eps is added before the second moment is corrected,
     * and weight decay comes after the step.
     */
    public Builder late() {
      late = true;
      special += ", eps before the correction and decay after the step";
      return this;
    }

    private @Nullable String choice(List<Parameter> parameters) {
      if (!all) {
        return null;
      }
      List<String> names = parameters.stream().filter(without).map(Parameter::name).toList();
      return names.isEmpty() ? " of all" : " of all but " + names;
    }

    /** Creates an optimizer of {@code parameters}. */
    public AdamW build(List<Parameter> parameters) {
      return new AdamW(parameters, this);
    }
  }
}
