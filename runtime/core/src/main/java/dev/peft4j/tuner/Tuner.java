package dev.peft4j.tuner;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.peft4j.data.Shape;
import dev.peft4j.io.AdapterConfig;
import dev.peft4j.io.StoredTensor;
import dev.peft4j.nn.Adaptable;
import dev.peft4j.nn.Module;
import dev.peft4j.nn.NamedModule;
import dev.peft4j.target.TargetSpec;
import java.io.IOException;
import java.lang.annotation.Annotation;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.SequencedMap;
import java.util.ServiceLoader;
import org.jspecify.annotations.Nullable;

/**
 * A method of fine-tuning: knows its settings, its maths and its keys on disk. Found by {@link
 * ServiceLoader}; a new one is one package, and no other code names it.
 *
 * @param <C> its settings
 */
public interface Tuner<C extends PeftConfig> {
  /** Returns peft's name, for example {@code LORA}. */
  String peftType();

  /** Returns the type of its settings. */
  Class<C> configType();

  /**
   * Returns the annotation that asks for it and describes its settings, which carries {@link
   * dev.peft4j.annotation.TunerDescriptor}; null if it has none.
   */
  default @Nullable Class<? extends Annotation> annotation() {
    return null;
  }

  /** Returns the layer types that it can adapt, for messages. */
  List<Class<? extends Module>> layerTypes();

  /**
   * Makes the adapter of one layer.
   *
   * @param path the layer's path in the model, for example {@code layers.0.self_attn.q_proj}
   * @param context what the layers of one adapter have in common: random numbers, tensors that they
   *     share
   * @throws IllegalArgumentException if it cannot adapt a layer of this type
   */
  <L extends Module & Adaptable> TunerLayer attach(
      String path, L layer, C config, TunerContext context);

  // ---- the file

  /**
   * Reads the settings from peft's file.
   *
   * @throws IOException if a setting is wrong or not supported, naming file, key, and what was
   *     expected
   */
  C read(AdapterConfig file) throws IOException;

  /** Returns the settings as peft's file has them, all keys included. */
  ObjectNode write(C config);

  /**
   * Throws if the adapter of a file would compute something else in a layer than {@code present}
   * does.
   */
  void requireSame(String path, C present, C file);

  /**
   * Throws if the settings of a file ask for far more memory than its weights have, so that a
   * damaged file is refused before anything is made for it.
   *
   * @param weights shapes by their keys in the file
   * @throws IllegalArgumentException naming the setting
   */
  default void requireSize(C config, Map<String, Shape> weights) {}

  /**
   * Returns the settings of a file with what only its tensors tell.
   *
   * @param tensors by their keys
   */
  default C forFile(C config, Map<String, StoredTensor> tensors) {
    return config;
  }

  /** Returns what the names of its parameters start with, for example {@code lora_}. */
  default String parameterPrefix() {
    return peftType().toLowerCase(Locale.ROOT) + "_";
  }

  /** Returns the search words that peft puts into the model card of an adapter. */
  default String[] cardTags() {
    return new String[0];
  }

  /** Returns the settings as a file can hold them, for layers at these paths. */
  default C saved(C config, Collection<String> paths) {
    return config;
  }

  /**
   * Returns the settings as a file can hold them, with what training has decided about the layers.
   *
   * @param layers the adapter's layers by their paths
   */
  default C trained(C config, SequencedMap<String, TunerLayer> layers) {
    return config;
  }

  /**
   * Returns the tensors of the adapter's file in place of those that it has in memory, where peft
   * stores something else; the same otherwise.
   *
   * @param tensors by the keys of the file
   */
  default SequencedMap<String, StoredTensor> stored(
      C config, SequencedMap<String, StoredTensor> tensors) {
    return tensors;
  }

  /**
   * Returns the tensors that an adapter has in memory from those of a file that {@link #stored}
   * gave, or peft.
   *
   * @param tensors by the keys of the file
   * @throws IllegalArgumentException if they do not fit together, naming the key
   */
  default SequencedMap<String, StoredTensor> loaded(
      C config, SequencedMap<String, StoredTensor> tensors) {
    return tensors;
  }

  // ---- training

  /**
   * Returns what training with the adapter does besides the optimizer's steps: a part of the loss,
   * a schedule. Null if there is nothing.
   *
   * @param layers the adapter's layers by their paths
   */
  default @Nullable AdapterTraining training(C config, SequencedMap<String, TunerLayer> layers) {
    return null;
  }

  // ---- what is adapted

  /**
   * Changes a model before the first adapter is attached to it, as peft's {@code layer_replication}
   * does; returns whether it did.
   *
   * @throws IllegalArgumentException if the model cannot be changed that way
   */
  default boolean prepare(C config, Module root) {
    return false;
  }

  /**
   * Returns whether what layers that share one weight add to it adds up when it is merged, as in
   * peft; false if that is an error.
   */
  default boolean addsUpInShared(C config) {
    return false;
  }

  /**
   * Returns the settings with what they leave to the kind of model: targets, if they name none and
   * peft has some for that kind.
   *
   * @param modelType the model's {@code model_type}, such as {@code bert}
   */
  default C forModel(C config, String modelType) {
    return config;
  }

  /**
   * Returns whether it adapts the whole model, through slots that models declare ({@link
   * dev.peft4j.nn.HasSlots}), instead of layers that targets name.
   */
  default boolean fillsSlots() {
    return false;
  }

  /**
   * Returns the slots that the adapter is attached to, of a tuner that {@link #fillsSlots}. The
   * name of each is what parameters there are called by.
   *
   * @param all the model's slots, and its modules
   * @throws IllegalArgumentException if the model lacks one that is needed
   */
  default List<NamedModule> slots(C config, List<NamedModule> all) {
    return List.of();
  }

  /**
   * Returns what peft puts in front of the base's names in an adapted model, with a dot at the end.
   */
  default String basePrefix() {
    return PeftNames.PREFIX;
  }

  /** Returns the layers that get an adapter of another kind besides the targets. */
  default ExtraTargets extraTargets(C config, Module root) {
    return ExtraTargets.NONE;
  }

  /**
   * Returns the names of a module's own parameters that get adapters by themselves: peft's {@code
   * target_parameters}.
   *
   * @param path the module's path
   */
  default List<String> parameterTargets(C config, String path, Module module) {
    return List.of();
  }

  /** Returns the settings that name such parameters, for messages. */
  default List<String> targetParameters(C config) {
    return List.of();
  }

  /**
   * Makes the adapter of some parameters of a module, which is not around the module: see {@link
   * TunerLayer#adaptedParameters}.
   *
   * @param names of the module's own parameters, in its order; at least one
   * @throws IllegalArgumentException if it cannot adapt them
   */
  default TunerLayer attachToParameters(
      String path, Module module, List<String> names, C config, TunerContext context) {
    throw new IllegalArgumentException(peftType() + " cannot adapt bare parameters, as " + names);
  }

  /**
   * Returns the modules that are trained in full: those asked for, and the heads that the task type
   * trains by itself.
   */
  default List<String> modulesToSave(C config) {
    return config.allModulesToSave();
  }

  /**
   * Returns whether a long list of targets may be replaced by the ends of paths that mean the same;
   * false if other settings name some of the targets once more.
   */
  default boolean condensesTargets() {
    return true;
  }

  /**
   * Returns settings for particular layers, such as keys of a rank pattern, that name none of the
   * layers at these paths.
   */
  default List<String> unusedSettings(C config, Collection<String> paths) {
    return List.of();
  }

  /**
   * Returns the settings once a layer has its adapter: with what peft derives from the layers for
   * its file.
   */
  default C attachedTo(C config, Module layer) {
    return config;
  }

  /**
   * Returns whether layers that share one weight share one adapter, whichever of them is targeted.
   */
  default boolean tiesWeights(C config) {
    return false;
  }

  /** Returns the settings once layers share an adapter because they share a weight. */
  default C tied(C config) {
    return config;
  }

  // ---- several adapters

  /**
   * Makes one adapter of several.
   *
   * @param sources the adapters; at least one
   * @param targets the layers that any of them adapts
   * @throws IllegalArgumentException if they cannot be combined this way, saying why
   */
  default CombinedAdapter<C> combine(
      List<CombinationSource<C>> sources, TargetSpec targets, Combination how) {
    throw new IllegalArgumentException(
        "adapter '"
            + sources.getFirst().name()
            + "' is of type "
            + peftType()
            + ", whose adapters cannot be combined");
  }

  // ---- names for people

  /** Returns what peft calls a model with this tuner: {@code LORA} is {@code LoraModel}. */
  default String modelType() {
    StringBuilder name = new StringBuilder();
    for (String word : peftType().split("_", -1)) {
      name.append(word.charAt(0)).append(word.substring(1).toLowerCase(Locale.ROOT));
    }
    return name.append("Model").toString();
  }

  /** Returns what peft calls an adapted layer: {@code lora.Linear}. */
  default String layerType(Module layer) {
    return peftType().toLowerCase(Locale.ROOT) + "." + layer.getClass().getSimpleName();
  }

  // ---- finding

  /** Returns all tuners that are available. */
  static List<Tuner<?>> all() {
    List<Tuner<?>> found = new ArrayList<>();
    for (Tuner<?> t : ServiceLoader.load(Tuner.class, Tuner.class.getClassLoader())) {
      found.add(t);
    }
    return found;
  }

  /**
   * Returns the tuner of that peft type.
   *
   * @throws IllegalArgumentException if there is none, listing those that are available
   */
  static Tuner<?> of(String peftType) {
    Tuner<?> named = namedAfter(peftType);
    if (named != null) {
      return named;
    }
    for (Tuner<?> t : all()) {
      if (t.peftType().equals(peftType)) {
        return t;
      }
    }
    throw new IllegalArgumentException(
        "no tuner for peft type '"
            + peftType
            + "'; available: "
            + all().stream().map(Tuner::peftType).toList());
  }

  /**
   * Returns the tuner of that peft type if its class is named after it, as {@code LoHaTuner} is
   * after {@code LOHA}; null otherwise. Only this one is created: to set up all of them takes
   * longer than the first training step of a small model.
   */
  private static @Nullable Tuner<?> namedAfter(String peftType) {
    String name = peftType.replace("_", "") + "Tuner";
    return ServiceLoader.load(Tuner.class, Tuner.class.getClassLoader()).stream()
        .filter(p -> p.type().getSimpleName().equalsIgnoreCase(name))
        .map(ServiceLoader.Provider::get)
        .filter(t -> t.peftType().equals(peftType))
        .findFirst()
        .orElse(null);
  }
}
