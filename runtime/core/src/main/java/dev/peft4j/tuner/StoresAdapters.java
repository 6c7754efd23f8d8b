package dev.peft4j.tuner;

import dev.peft4j.data.NonFiniteException;
import dev.peft4j.data.Storage;
import dev.peft4j.io.StoredTensor;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.util.Map;

/** The files of adapters, in peft's layout, and of their base. */
public interface StoresAdapters {
  /**
   * Adds an adapter that was saved, here or by peft: peft's {@code load_adapter}. It is frozen, and
   * not active unless it is the first. If anything does not fit, nothing is added.
   *
   * @param folder where its {@code adapter_config.json} is
   * @throws UncheckedIOException if the files are missing or broken
   * @throws dev.peft4j.io.StateDictException listing all missing and mis-shaped keys; what the
   *     adapter has no use for is a warning if nothing else is wrong
   */
  default void addFrom(Path folder, String name) {
    addFrom(folder, name, Strictness.STRICT);
  }

  /**
   * Does the same as {@link #addFrom(Path, String)}; what is missing keeps its first values and
   * what is unexpected is ignored if lenient.
   */
  LoadReport addFrom(Path folder, String name, Strictness strictness);

  /**
   * Saves an adapter as peft does; all files replace the old ones as one, also if the process is
   * killed meanwhile.
   *
   * @param folder where {@code default} goes; others go to a folder of their name in it
   * @throws UncheckedIOException if it cannot be written, naming the folder and the reason
   * @throws IllegalStateException if it is merged
   * @throws NonFiniteException if a weight is not finite, naming it; nothing is written
   */
  void save(Path folder, String name);

  /**
   * Replaces the weights of an adapter by those that were saved under its name, as {@link #hotSwap}
   * does.
   *
   * @param folder as for {@link #save}
   * @throws UncheckedIOException if the files are missing or broken
   * @throws dev.peft4j.io.StateDictException listing all missing, unexpected and mis-shaped keys
   * @throws IllegalArgumentException if the file's settings would make another model of the same
   *     weights
   * @throws IllegalStateException if the adapter is merged
   */
  void load(Path folder, String name);

  /**
   * Replaces the weights of an adapter while others may be calling the model: peft's {@code
   * hotswap_adapter}. No program is compiled again, and each call computes with the old weights or
   * with the new ones, never with some of both: with those that were there when its first layer was
   * called. A call that reads results before it ends should be a {@link PeftModel#call}.
   *
   * @param folder where the {@code adapter_config.json} of the new weights is
   * @throws UncheckedIOException if the files are missing or broken
   * @throws dev.peft4j.io.StateDictException listing all missing, unexpected and mis-shaped keys
   * @throws IllegalArgumentException if the file's settings would make another model of the same
   *     weights
   * @throws IllegalStateException if the adapter is merged
   */
  void hotSwap(String name, Path folder);

  /** Does the same as {@link #hotSwap(String, Path)}, with weights by the keys of peft's files. */
  void hotSwap(String name, Map<String, StoredTensor> weights);

  /**
   * Replaces the weights of the base, under their plain names ({@code linear.weight}), as if the
   * base had been loaded before adapters were attached: adapters that nothing has trained or loaded
   * yet start again from the new weights. Others keep their weights.
   *
   * @param path a safetensors file, or a folder with {@code model.safetensors} or with several
   *     files and their index
   * @throws dev.peft4j.io.StateDictException if a tensor is missing, unexpected or has another
   *     shape; nothing is changed
   * @throws UncheckedIOException if there is no such file, or it is broken
   * @throws IllegalStateException while an adapter of this base is merged
   */
  void loadBase(Path path);

  /** Does the same as {@link #loadBase(Path)}, with values that are there already. */
  void loadBase(Map<String, Storage> values);

  /**
   * Saves the base alone, under its plain names: what {@link dev.peft4j.nn.Module#save} writes for
   * a model without adapters.
   *
   * @param path a file whose name ends in {@code .safetensors}, or a folder for {@code
   *     model.safetensors}
   * @throws NonFiniteException if a value is not finite, naming it; nothing is written
   * @throws UncheckedIOException if it cannot be written, or the folder has an adapter
   */
  void saveBase(Path path);
}
