package dev.peft4j.nn;

import org.jspecify.annotations.Nullable;

/** An adapted model, as its base knows it. */
public interface OverlaySource {
  /** What acts on calls that choose nothing, or null if the model has no adapters. */
  @Nullable Overlay standard();

  /** In which mode it is called. */
  Modes modes();

  /**
   * Called before weights of the base are replaced for good.
   *
   * @throws IllegalStateException if they must not be now
   */
  default void baseChanging() {}

  /** Called after weights of the base were replaced for good. */
  default void baseChanged() {}
}
