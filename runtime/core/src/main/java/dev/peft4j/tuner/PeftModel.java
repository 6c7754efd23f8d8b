package dev.peft4j.tuner;

import dev.peft4j.nn.Module;
import dev.peft4j.nn.NamedParameter;
import dev.peft4j.nn.Parameter;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.function.Supplier;

/**
 * A model with adapters: the base is frozen, the active adapter is trained. Classes generated for
 * {@link dev.peft4j.annotation.Peft} implement it; {@link #of} makes one of any model.
 */
public interface PeftModel {
  /** The adapters. */
  AdapterSet adapters();

  /**
   * Attaches an adapter to a model as it is, peft's {@code get_peft_model}. The model itself
   * computes with the adapter from now on; its weights do not change. A model may be the base of
   * several adapted models, which then share its weights; each call says through which of them it
   * goes, by {@link AdaptedModel#call}.
   *
   * @throws IllegalArgumentException if a target names nothing (with suggestions) or a layer that
   *     cannot be adapted
   */
  static <M extends Module> AdaptedModel<M> of(M base, PeftConfig config) {
    return of(base, config, "default");
  }

  /** As {@link #of(Module, PeftConfig)}, with a name for the adapter. */
  static <M extends Module> AdaptedModel<M> of(M base, PeftConfig config, String adapter) {
    AdapterSet set = AdapterSet.freezing(base);
    set.addMatching(adapter, config);
    return AdaptedModel.of(base, set);
  }

  /**
   * Attaches an adapter that was saved, here or by peft, for use: peft's {@code
   * PeftModel.from_pretrained}. As there, its parameters are frozen and the model is in evaluation
   * mode.
   *
   * @throws UncheckedIOException if the files are missing or broken
   * @throws dev.peft4j.io.StateDictException if the adapter does not fit the model, listing all
   *     keys
   */
  static <M extends Module> AdaptedModel<M> load(M base, Path folder) {
    return load(base, folder, false);
  }

  /**
   * As {@link #load(Module, Path)}, to be trained further if {@code trainable}; the model's mode
   * stays what it is then.
   */
  static <M extends Module> AdaptedModel<M> load(M base, Path folder, boolean trainable) {
    AdapterSet set = AdapterSet.freezing(base);
    set.addFrom(folder, "default");
    if (trainable) {
      set.unfreeze("default");
    } else if (set.isAlone()) {
      base.eval();
    } else {
      set.eval();
    }
    return AdaptedModel.of(base, set);
  }

  /** All parameters under peft's names, in peft's order. */
  default List<NamedParameter> namedParameters() {
    return adapters().namedParameters();
  }

  /** The parameters that receive gradients: what an optimizer is given. */
  default List<Parameter> trainableParameters() {
    return adapters().trainableParameters();
  }

  /** {@code trainable params: 6 || all params: 18 || trainable%: 33.3333}, as peft prints it. */
  default String trainableSummary() {
    long trainable = 0;
    long all = 0;
    for (NamedParameter p : namedParameters()) {
      all += p.parameter().shape().elements();
      trainable += p.parameter().trainable() ? p.parameter().shape().elements() : 0;
    }
    return String.format(
        Locale.ROOT,
        "trainable params: %,d || all params: %,d || trainable%%: %.4f",
        trainable,
        all,
        100.0 * trainable / all);
  }

  /**
   * Saves every adapter as peft does: {@code default} in the folder, others below it.
   *
   * @throws UncheckedIOException if it cannot be written; the folder then holds what it held before
   */
  default void save(Path folder) {
    adapters().save(folder, adapters().names());
  }

  /**
   * Replaces the weights of every adapter by those saved in a folder. Strict: each key must be
   * there with its shape, and no other. Nothing changes unless everything fits.
   */
  default void load(Path folder) {
    adapters().load(folder, adapters().names());
  }

  /**
   * Merges the active adapters; results stay the same, each call is cheaper. See {@link
   * AdapterSet#merge}.
   */
  default void merge() {
    adapters().merge(adapters().active().toArray(new String[0]));
  }

  /** Undoes {@link #merge}, bit by bit. */
  default void unmerge() {
    adapters().unmerge(adapters().merged().toArray(new String[0]));
  }

  /**
   * Writes the active adapters into the base weights and detaches all: the base is an ordinary
   * model again, peft's {@code merge_and_unload}.
   */
  default void mergeAndUnload() {
    adapters().mergeAndUnload();
  }

  /**
   * Runs {@code body} as one call of this model, with its adapters; see {@link AdapterSet#call}.
   */
  default <T> T call(Supplier<T> body) {
    return adapters().call(body);
  }

  /** Runs {@code body}, on this thread, without adapters: peft's {@code disable_adapter}. */
  default <T> T withoutAdapter(Supplier<T> body) {
    return adapters().with(List.of(), body);
  }

  /** Runs {@code body}, on this thread, with the adapter of that name. */
  default <T> T withAdapter(String name, Supplier<T> body) {
    return adapters().with(List.of(name), body);
  }
}
