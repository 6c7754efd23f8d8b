package dev.peft4j.tuner;

import java.util.List;

/**
 * Layers that get an adapter of another kind besides the targets.
 *
 * @param setting the setting that names them, for messages: {@code trainable tokens}
 * @param names paths or ends of paths
 */
public record ExtraTargets(String setting, List<String> names) {
  /** None. */
  public static final ExtraTargets NONE = new ExtraTargets("", List.of());

  /** Copies the names. */
  public ExtraTargets {
    names = List.copyOf(names);
  }
}
