package dev.peft4j.tuner;

import dev.peft4j.annotation.Bias;
import dev.peft4j.target.TargetSpec;
import dev.peft4j.target.TaskTypes;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** The settings of an adapter: what those of every tuner have. */
public interface PeftConfig {
  /** Returns peft's name of the tuner, for example {@code LORA}. */
  String peftType();

  /** Returns which layers get an adapter and which modules are trained in full. */
  TargetSpec targets();

  /** Returns which biases of the base model are trained. */
  Bias bias();

  /** Returns peft's {@code task_type}, or null. */
  @Nullable String taskType();

  /** Returns peft's {@code base_model_name_or_path}, or null. */
  @Nullable String baseModel();

  /** Returns the same settings with other targets: names instead of {@code all-linear}, say. */
  PeftConfig withTargets(TargetSpec targets);

  /**
   * Returns the modules to save: those asked for, and the heads that the task type trains by
   * itself.
   */
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
