package dev.peft4j.tuner;

import dev.peft4j.annotation.Bias;
import dev.peft4j.target.TargetSpec;
import org.jspecify.annotations.Nullable;

/**
 * The part that builders of all tuners' settings have: targets, modules to save, and what peft's
 * file says of task and base model. Lists add up when a method is called again.
 *
 * @param <B> the builder itself
 */
public abstract class ConfigBuilder<B extends ConfigBuilder<B>> {
  private final TargetSpec.Builder targets = TargetSpec.builder();
  private @Nullable TargetSpec allTargets;
  private Bias bias = Bias.NONE;
  private boolean fanInFanOut;
  private @Nullable String taskType;
  private @Nullable String baseModel;

  /** Creates the builder of a tuner. */
  protected ConfigBuilder() {}

  /**
   * Returns whether targets name what is adapted; false if it is the whole model, which then takes
   * none.
   */
  public boolean hasTargets() {
    return true;
  }

  /** Returns this builder. */
  @SuppressWarnings("unchecked") // a builder is a ConfigBuilder of itself
  protected B self() {
    return (B) this;
  }

  /**
   * Sets everything about targets and modules to save at once, in place of what the other methods
   * gave.
   */
  public B targets(TargetSpec all) {
    allTargets = all;
    return self();
  }

  /** Adds paths or ends of paths; or {@code all-linear} or {@code regex:...} alone. */
  public B targets(String... names) {
    targets.targets(names);
    return self();
  }

  /** Sets a regular expression for the whole path, by the rules of Python's {@code re}. */
  public B targetRegex(String regex) {
    targets.targetRegex(regex);
    return self();
  }

  /** Targets every Linear but the model's output head. */
  public B allLinear() {
    targets.allLinear();
    return self();
  }

  /** Adds paths or ends of paths that get none. */
  public B exclude(String... names) {
    targets.exclude(names);
    return self();
  }

  /** Sets a regular expression for whole paths that get none. */
  public B excludeRegex(String regex) {
    targets.excludeRegex(regex);
    return self();
  }

  /** Adds modules that are trained in full, as copies. */
  public B modulesToSave(String... names) {
    targets.modulesToSave(names);
    return self();
  }

  /** Sets peft's task type, for example {@code SEQ_CLS}; null for none. */
  public B taskType(@Nullable String value) {
    taskType = value;
    return self();
  }

  /** Sets the name of the base model; null for none. */
  public B baseModel(@Nullable String value) {
    baseModel = value;
    return self();
  }

  /**
   * Returns the settings.
   *
   * @throws IllegalArgumentException naming the setting that is wrong
   */
  public abstract PeftConfig build();

  /** Returns the builder that collects targets, for settings that only some tuners have. */
  protected final TargetSpec.Builder targetSpec() {
    return targets;
  }

  /** Returns the targets and modules to save that were given. */
  protected final TargetSpec spec() {
    return allTargets == null ? targets.build() : allTargets;
  }

  /** Returns the task type that was given, or null. */
  protected final @Nullable String taskType() {
    return taskType;
  }

  /** Returns the name of the base model that was given, or null. */
  protected final @Nullable String baseModel() {
    return baseModel;
  }

  /** Sets which biases are trained, for settings that only some tuners have. */
  protected final B biases(Bias value) {
    bias = value;
    return self();
  }

  /** Sets what peft derives from the layers. */
  final void fanInFanOut(boolean value) {
    fanInFanOut = value;
  }

  /** Returns what the settings of every tuner have. */
  protected final CommonSettings common() {
    return new CommonSettings(spec(), bias, fanInFanOut, taskType, baseModel);
  }
}
