package dev.peft4j.target;

import java.util.List;
import java.util.Set;
import java.util.TreeSet;

/** peft's task types. */
public final class TaskTypes {
  private static final List<String> HEADS = List.of("classifier", "score");
  private static final Set<String> ALL =
      Set.of(
          "SEQ_CLS",
          "SEQ_2_SEQ_LM",
          "CAUSAL_LM",
          "TOKEN_CLS",
          "QUESTION_ANS",
          "FEATURE_EXTRACTION");

  private TaskTypes() {}

  /**
   * Returns all task types of peft.
   *
   * @return in alphabetical order
   */
  public static List<String> all() {
    return List.copyOf(new TreeSet<>(ALL));
  }

  /**
   * Returns the modules that a task trains whole by default: the heads of classifiers. A model need
   * not have them.
   *
   * @param taskType a task type, or nothing
   * @return names that are added to the modules to save
   */
  public static List<String> modulesToSave(String taskType) {
    return taskType.equals("SEQ_CLS") || taskType.equals("TOKEN_CLS") ? HEADS : List.of();
  }

  /**
   * Returns those of some modules to save that are heads which peft adds for a task.
   *
   * @param modulesToSave names of modules to save
   * @return the heads among them
   */
  static List<String> heads(List<String> modulesToSave) {
    return HEADS.stream().filter(modulesToSave::contains).toList();
  }
}
