package dev.peft4j.tuner;

import dev.peft4j.annotation.Bias;
import dev.peft4j.nn.Module;
import dev.peft4j.target.TargetSpec;
import dev.peft4j.target.TaskTypes;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** The settings of an adapter: what every tuner's configuration has. */
public interface PeftConfig {
  /** peft's name of the tuner, for example {@code LORA}. */
  String peftType();

  /** Which layers get an adapter and which modules are trained whole. */
  TargetSpec targets();

  /** Which biases of the base model are trained. */
  Bias bias();

  /** peft's {@code task_type}, or null. */
  @Nullable String taskType();

  /** peft's {@code base_model_name_or_path}, or null. */
  @Nullable String baseModel();

  /** The same settings with other targets: names instead of {@code all-linear}, say. */
  PeftConfig withTargets(TargetSpec targets);

  /**
   * Names of layers that get an adapter of another kind besides the targets, such as peft's {@code
   * trainable_token_indices}: paths or ends of paths in {@code root}.
   */
  default List<String> alsoTargets(Module root) {
    return List.of();
  }

  /**
   * False if other settings name some of the targets once more, so that a long list of targets must
   * stay as it is.
   */
  default boolean condensesTargets() {
    return true;
  }

  /**
   * The settings as a file has them once a layer got its adapter: for what peft derives from the
   * layers.
   */
  default PeftConfig attachedTo(Module layer) {
    return this;
  }

  /** True if layers that share one weight share one adapter, whichever of them is targeted. */
  default boolean tiesWeights() {
    return false;
  }

  /** The settings as a file has them once layers share an adapter because they share a weight. */
  default PeftConfig tied() {
    return this;
  }

  /** The same settings as a file can hold them, for layers at these paths. */
  default PeftConfig saved(Collection<String> paths) {
    return this;
  }

  /** The modules to save: those asked for, and the heads that the task type trains by itself. */
  default List<String> allModulesToSave() {
    List<String> names = new ArrayList<>(targets().modulesToSave());
    String task = taskType();
    for (String head : TaskTypes.modulesToSave(task == null ? "" : task)) {
      if (!names.contains(head)) {
        names.add(head);
      }
    }
    return names;
  }
}
