package dev.peft4j.nn;

import java.util.List;
import org.jspecify.annotations.Nullable;

/** An adapted model from the point of view of its base. */
public interface OverlaySource {
  /** Returns the overlay of calls that choose none, or null if the model has no adapters. */
  @Nullable Overlay standard();

  /** The appearance of a module with what an adapted model adds to it. */
  interface View {
    /**
     * Returns the kind of layer as peft names it ({@code lora.Linear}); null for the module's own.
     */
    @Nullable String type();

    /**
     * Returns the parameters of the module itself and of its adapters, without those of modules
     * below.
     */
    List<Parameter> parameters();

    /**
     * Returns the module with its adapters as peft prints it.
     *
     * @param own the text of the module itself
     */
    String text(String own);
  }

  /** Returns what it adds to a module, for people; null if nothing. */
  default @Nullable View view(Module module) {
    return null;
  }

  /** Returns the modes of its calls. */
  Modes modes();

  /**
   * Prepares for a replacement of weights of the base.
   *
   * @throws IllegalStateException if they must not be replaced now
   */
  default void baseChanging() {}

  /** Completes a replacement of weights of the base. */
  default void baseChanged() {}

  /**
   * Makes a parameter trainable again once this model is done with the base; another adapted model
   * of the same base froze it and is done.
   */
  default void unfreezeLater(Parameter p) {}
}
