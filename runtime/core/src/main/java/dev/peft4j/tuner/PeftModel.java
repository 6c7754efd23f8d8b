package dev.peft4j.tuner;

import dev.peft4j.data.Encoding;
import dev.peft4j.data.NonFiniteException;
import dev.peft4j.data.Storage;
import dev.peft4j.nn.Module;
import dev.peft4j.nn.NamedBuffer;
import dev.peft4j.nn.NamedParameter;
import dev.peft4j.nn.Parameter;
import dev.peft4j.optim.Optimizer;
import dev.peft4j.tensor.Tensor;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * A model with adapters: the base is frozen, the active adapter is trained. Classes generated for
 * {@link dev.peft4j.annotation.Peft} implement it; {@link #of} makes one of any model.
 */
public interface PeftModel extends Adapted {
  /** Returns the adapters. */
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

  /** Does the same as {@link #of(Module, PeftConfig)}, with a name for the adapter. */
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
   * Does the same as {@link #load(Module, Path)}, to be trained further if {@code trainable}; the
   * model's mode stays what it is then.
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

  /** Returns all parameters under peft's names, in peft's order. */
  @Override
  default List<NamedParameter> namedParameters() {
    return adapters().namedParameters();
  }

  /** Returns the parameters that receive gradients: what an optimizer is given. */
  @Override
  default List<Parameter> trainableParameters() {
    return adapters().trainableParameters();
  }

  /**
   * Returns {@code trainable params: 6 || all params: 18 || trainable%: 33.3333}, as peft prints
   * it.
   */
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

  /** Returns all buffers under peft's names. */
  default List<NamedBuffer> namedBuffers() {
    return adapters().namedBuffers();
  }

  /**
   * Saves every adapter as peft does: {@code default} in the folder, others below it. After {@link
   * #mergeAndUnload} there is an ordinary model, which is saved as such, see {@link
   * dev.peft4j.nn.Module#save}; a model with its adapters merged is written by {@link #saveMerged}.
   *
   * @throws UncheckedIOException if it cannot be written; the folder then holds what it held before
   * @throws IllegalArgumentException if the path ends in {@code .safetensors}, since an adapter is
   *     saved as a folder
   * @throws IllegalStateException if an adapter is merged, or there is none
   */
  default void save(Path folder) {
    adapters().store().saveAll(folder);
  }

  /**
   * Replaces the weights of every adapter by those saved in a folder. Where there is no adapter but
   * a model's weights (a {@code .safetensors} file, or a folder with {@code model.safetensors}),
   * replaces those of the base, as {@link #loadBase} does. Strict: each key must be there with its
   * shape, and no other. Nothing changes unless everything fits.
   *
   * @throws UncheckedIOException if there is no such folder or file, or it is broken
   * @throws dev.peft4j.io.StateDictException if a key is missing, unexpected or has another shape
   * @throws IllegalStateException while an adapter is merged
   */
  default void load(Path path) {
    adapters().store().loadAll(path);
  }

  /**
   * Replaces weights by values under their names: the plain names of the base ({@code
   * linear.weight}) are those of the base's weights, see {@link #loadBase(Map)}; with peft's names
   * ({@code base_model.model.linear.base_layer.weight}) all weights of base and adapters have to be
   * there.
   *
   * @throws dev.peft4j.io.StateDictException if a key is missing, unexpected or has another number
   *     of elements; nothing is changed
   * @throws IllegalStateException while an adapter is merged
   */
  default void load(Map<String, Storage> values) {
    adapters().store().load(values);
  }

  /**
   * Replaces the weights of the base by those in a file with its plain names ({@code
   * linear.weight}), as {@link dev.peft4j.nn.Module#save} wrote it for the base, or transformers or
   * torch did. Adapters that nothing has trained or loaded yet start again from the new weights, as
   * if the base had been loaded before they were attached; others keep their weights.
   *
   * @param path a safetensors file, or a folder with {@code model.safetensors} or with several
   *     files and their index
   * @throws dev.peft4j.io.StateDictException if a tensor is missing, unexpected or has another
   *     shape; nothing is changed
   * @throws UncheckedIOException if there is no such file, or it is broken
   * @throws IllegalStateException while an adapter is merged
   */
  default void loadBase(Path path) {
    adapters().loadBase(path);
  }

  /** Does the same as {@link #loadBase(Path)}, with values that are there already. */
  default void loadBase(Map<String, Storage> values) {
    adapters().loadBase(values);
  }

  /**
   * Saves the base alone, without adapters, under its plain names.
   *
   * @param path a file whose name ends in {@code .safetensors}, or a folder for {@code
   *     model.safetensors}
   * @throws UncheckedIOException if it cannot be written
   */
  default void saveBase(Path path) {
    adapters().saveBase(path);
  }

  /**
   * Saves the model with the active adapters merged into its weights, under the base's plain names,
   * so that the plain model loads it ({@link dev.peft4j.nn.Module#load(Path)}). Nothing changes
   * here; see {@link AdapterSet#saveMerged}.
   *
   * @param path a file whose name ends in {@code .safetensors}, or a folder for {@code
   *     model.safetensors}
   * @throws NonFiniteException if a merged weight is not finite; nothing is written
   * @throws UncheckedIOException if it cannot be written
   */
  default void saveMerged(Path path) {
    adapters().saveMerged(path);
  }

  /**
   * Writes the active adapter as llama.cpp and Ollama read it: LoRA of a model whose family they
   * know, beside a GGUF file of the base. Needs the module peft4j-transformers.
   *
   * @throws UncheckedIOException if the format cannot hold what the adapter has, which is listed,
   *     or the file cannot be written
   * @throws IllegalStateException if not exactly one adapter is active
   */
  default void exportGguf(Path file) {
    ExportedAdapter.write(adapters(), "gguf", file);
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
   * Writes the active adapters into a base with weights in codes, which are held in an encoding
   * from now on; see {@link AdapterSet#mergeAndUnload(Encoding, String...)}.
   *
   * @return how much of what the adapters add is left
   */
  default MergeReport mergeAndUnload(Encoding encoding) {
    return adapters().mergeAndUnload(encoding);
  }

  /**
   * Saves the model with the active adapters merged where the base holds weights in codes; see
   * {@link AdapterSet#saveMerged(Path, Encoding, String...)}.
   *
   * @return how much of what the adapters add is left
   */
  default MergeReport saveMerged(Path path, Encoding encoding) {
    return adapters().saveMerged(path, encoding);
  }

  /**
   * Returns what the active adapters add to the loss of a batch; null if it is nothing. A loop of
   * one's own adds it to its loss; a {@link dev.peft4j.train.Trainer} does it by itself.
   */
  default @Nullable Tensor addedLoss() {
    return adapters().addedLoss();
  }

  /**
   * Makes a step of the optimizer, and does what the active adapters do around one: in place of
   * {@link Optimizer#step} for tuners with a schedule of their own, such as AdaLoRA.
   */
  default void step(Optimizer optimizer) {
    adapters().step(optimizer);
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
