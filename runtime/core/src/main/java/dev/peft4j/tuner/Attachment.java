package dev.peft4j.tuner;

import dev.peft4j.nn.Module;
import org.jspecify.annotations.Nullable;

/**
 * The layers and modules of one adapter, as they are given. Calls of the model see nothing of it
 * until it is published or finished.
 */
public interface Attachment {
  /**
   * Attaches the adapter to a layer.
   *
   * @param path the layer's path in the model, for example {@code layers.0.self_attn.q_proj}
   * @throws IllegalArgumentException if there is no layer, or of a type that cannot be adapted
   */
  void attach(String path, @Nullable Module layer);

  /** Trains a copy of a module while the adapter is active (peft's {@code modules_to_save}). */
  void save(String path, @Nullable Module module);

  /**
   * Attaches the adapter to whatever its configuration names below a module whose parts are known
   * only at run time, and saves the modules to save there.
   *
   * @param path the module's path; empty for the whole model
   */
  void attachMatching(String path, @Nullable Module below);

  /** Returns whether the configuration targets the module at {@code path}. */
  boolean matches(String path, Module module);

  /**
   * Attaches the adapter to what was given: it is one of the model's from now on.
   *
   * @throws IllegalArgumentException if the tuner cannot adapt a layer; there is no adapter then
   */
  void publish();

  /**
   * Does the same as {@link #publish}, and attaches what is left: layers that the configuration
   * names and that declared types do not show, such as those in a subclass. Everything that the
   * configuration names has to be there.
   *
   * @throws IllegalArgumentException if a target or a module to save names nothing, with
   *     suggestions; or the tuner cannot adapt a layer. There is no adapter then
   */
  void finish();
}
