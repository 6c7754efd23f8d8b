package dev.peft4j.tuner;

import dev.peft4j.data.Encoding;
import dev.peft4j.data.NonFiniteException;
import java.nio.file.Path;
import java.util.List;

/** The merging of adapters into weights, beside the base or into it. */
public interface MergesAdapters {
  /**
   * Merges adapters into weights that stand for the base's: results stay the same, each call is
   * cheaper. While any are merged, they are the ones that act on calls that choose none, as in
   * peft. The base itself does not change. A call that chooses other adapters gets those.
   *
   * @throws IllegalStateException if one is merged already
   * @throws NonFiniteException if a merged weight would not be finite; nothing is changed
   */
  void merge(String... names);

  /**
   * Undoes {@link #merge}: what is computed is bit by bit what it would be if the adapters had
   * never been merged.
   *
   * @throws IllegalStateException if one is not merged
   */
  void unmerge(String... names);

  /** Returns whether the adapter is merged. */
  boolean isMerged(String name);

  /** Returns the adapters that are merged, in the order they were. */
  List<String> merged();

  /**
   * Writes adapters, after those that are merged already, into the base weights for good and
   * detaches all.
   *
   * @param names none for the active ones
   * @throws NonFiniteException if a weight would not be finite; nothing is changed
   * @throws IllegalStateException if another adapted model shares the base, or a weight is shared
   *     by layers that are adapted differently; nothing is changed
   */
  void mergeAndUnload(String... names);

  /**
   * Does the same with a base that holds weights in codes: merged ones are held in an encoding from
   * now on. What an adapter adds is small beside the weights: 16 bits keep most of it, blocks of 4
   * bits can lose all of it. {@link #mergeAndUnload(String...)} refuses to merge into codes.
   *
   * @param encoding such as {@link dev.peft4j.data.Encodings#BFLOAT16}; weights that are float32
   *     stay float32
   * @param names none for the active ones
   * @return how much of what the adapters add is left; below nine tenths it is a warning, too
   * @throws NonFiniteException if a weight would not be finite; nothing is changed
   * @throws dev.peft4j.data.ShapeException if a weight does not fit the encoding
   * @throws IllegalStateException as {@link #mergeAndUnload(String...)}
   */
  MergeReport mergeAndUnload(Encoding encoding, String... names);

  /**
   * Saves the model with adapters merged, as {@link #saveMerged(Path, String...)} does, where the
   * base holds weights in codes: those are written as 16 or 32-bit numbers.
   *
   * @param encoding {@code FLOAT32}, {@code BFLOAT16} or {@code FLOAT16}
   * @return how much of what the adapters add is left
   * @throws IllegalArgumentException if it is another encoding
   */
  MergeReport saveMerged(Path path, Encoding encoding, String... names);

  /**
   * Saves the model with adapters merged into its weights, under the base's plain names: what the
   * base itself would save after {@link #mergeAndUnload}. Neither the base nor the adapters change,
   * and others may share the base.
   *
   * @param path a file whose name ends in {@code .safetensors}, or a folder for {@code
   *     model.safetensors}
   * @param names none for the active ones
   * @throws NonFiniteException if a merged weight is not finite; nothing is written
   * @throws IllegalStateException if a weight is shared by layers that are adapted differently
   * @throws java.io.UncheckedIOException if it cannot be written, or the folder has an adapter
   */
  void saveMerged(Path path, String... names);

  /**
   * Detaches every adapter. The base is an ordinary model again, as trainable as it was; it keeps
   * what is merged.
   */
  void unload();
}
