package dev.peft4j.nn;

import java.util.List;
import org.jspecify.annotations.Nullable;

/** An adapted model, as its base knows it. */
public interface OverlaySource {
  /** What acts on calls that choose nothing, or null if the model has no adapters. */
  @Nullable Overlay standard();

  /** What a module looks like with what an adapted model lays over it. */
  interface View {
    /** The kind of layer that it is, as peft calls it ({@code lora.Linear}); null if its own. */
    @Nullable String type();

    /** The parameters of the module itself and of its adapters, without those of modules below. */
    List<Parameter> parameters();

    /**
     * Returns the module with its adapters as peft prints it.
     *
     * @param own the text of the module itself
     */
    String text(String own);
  }

  /** What it lays over a module, for people; null if nothing. */
  default @Nullable View view(Module module) {
    return null;
  }

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

  /**
   * Called when an adapted model of the same base that froze a parameter is done with it: once this
   * one is, too, the parameter is to be trainable again.
   */
  default void unfreezeLater(Parameter p) {}
}
