package dev.peft4j.tuner;

import dev.peft4j.target.TargetSpec;
import org.jspecify.annotations.Nullable;

/**
 * What builders of all tuners' settings have: targets, modules to save, and what peft's file says
 * of task and base model. Lists add up when a method is called again.
 *
 * @param <B> the builder itself
 */
public abstract class ConfigBuilder<B extends ConfigBuilder<B>> {
  private final TargetSpec.Builder targets = TargetSpec.builder();
  private @Nullable TargetSpec allTargets;
  private @Nullable String taskType;
  private @Nullable String baseModel;

  /** For the builder of a tuner. */
  protected ConfigBuilder() {}

  /** This builder. */
  protected abstract B self();

  /**
   * Sets everything about targets and modules to save at once, in place of what the other methods
   * gave.
   */
  public B targets(TargetSpec all) {
    allTargets = all;
    return self();
  }

  /** Paths or ends of paths; or {@code all-linear} or {@code regex:...} alone. */
  public B targets(String... names) {
    targets.targets(names);
    return self();
  }

  /** A regular expression for the whole path, by the rules of Python's {@code re}. */
  public B targetRegex(String regex) {
    targets.targetRegex(regex);
    return self();
  }

  /** Every Linear but the model's output head. */
  public B allLinear() {
    targets.allLinear();
    return self();
  }

  /** Paths or ends of paths that get none. */
  public B exclude(String... names) {
    targets.exclude(names);
    return self();
  }

  /** A regular expression for whole paths that get none. */
  public B excludeRegex(String regex) {
    targets.excludeRegex(regex);
    return self();
  }

  /** Modules that are trained whole, as copies. */
  public B modulesToSave(String... names) {
    targets.modulesToSave(names);
    return self();
  }

  /** peft's task type, for example {@code SEQ_CLS}; null for none. */
  public B taskType(@Nullable String value) {
    taskType = value;
    return self();
  }

  /** Name of the base model; null for none. */
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

  /** Where targets are collected, for settings that only some tuners have. */
  protected final TargetSpec.Builder targetSpec() {
    return targets;
  }

  /** The targets and modules to save that were given. */
  protected final TargetSpec spec() {
    return allTargets == null ? targets.build() : allTargets;
  }

  /** The task type that was given, or null. */
  protected final @Nullable String taskType() {
    return taskType;
  }

  /** The name of the base model that was given, or null. */
  protected final @Nullable String baseModel() {
    return baseModel;
  }
}
