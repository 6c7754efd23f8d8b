package dev.peft4j.target;

import java.util.Set;

/**
 * The members of tuners' annotations that mean the same for every tuner; all others are settings of
 * the tuner itself.
 */
public final class SettingNames {
  /** The member of an annotation that stands for several tuners: which one is meant. */
  public static final String TUNER = "tuner";

  private static final Set<String> COMMON =
      Set.of(
          "target",
          "targetRegex",
          "exclude",
          "excludeRegex",
          "modulesToSave",
          "layers",
          "layersPattern",
          "taskType",
          "adapter",
          "className",
          TUNER);

  private SettingNames() {}

  /**
   * Returns whether a member means the same for every tuner that has it.
   *
   * @param member the member's name
   * @return true for {@code target}, for example
   */
  public static boolean common(String member) {
    return COMMON.contains(member);
  }
}
