package dev.peft4j.tuner;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.peft4j.data.Rng;
import dev.peft4j.data.Shape;
import dev.peft4j.io.AdapterConfig;
import dev.peft4j.nn.Adaptable;
import dev.peft4j.nn.Module;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.ServiceLoader;

/**
 * A method of fine-tuning: knows its configuration, its maths and its keys on disk. Found by {@link
 * ServiceLoader}; a new one is one file.
 */
public interface Tuner {
  /** peft's name, for example {@code LORA}. */
  String peftType();

  /** The layer types that it can adapt, for messages. */
  List<Class<? extends Module>> layerTypes();

  /** Makes the adapter of one layer. */
  <L extends Module & Adaptable> TunerLayer attach(
      String path, L layer, PeftConfig config, Rng rng);

  /**
   * Reads the settings from peft's file.
   *
   * @throws IOException if a setting is wrong or not supported, naming file, key, and what was
   *     expected
   */
  PeftConfig read(AdapterConfig file) throws IOException;

  /** The settings as peft's file has them, all keys included. */
  ObjectNode write(PeftConfig config);

  /**
   * Throws if the adapter of a file would compute something else in a layer than {@code present}
   * does.
   */
  void requireSame(String path, PeftConfig present, PeftConfig file);

  /**
   * Throws if the settings of a file ask for far more memory than its weights have, so that a
   * damaged file is refused before anything is made for it.
   *
   * @param weights shapes by their keys in the file
   * @throws IllegalArgumentException naming the setting
   */
  default void requireSize(PeftConfig config, Map<String, Shape> weights) {}

  /**
   * Settings for particular layers, such as keys of a rank pattern, that name none of the layers at
   * these paths.
   */
  default List<String> unusedSettings(PeftConfig config, Collection<String> paths) {
    return List.of();
  }

  /**
   * The settings with what they leave to the kind of model: targets, if they name none and peft has
   * some for that kind.
   *
   * @param modelType the model's {@code model_type}, such as {@code bert}
   */
  default PeftConfig forModel(PeftConfig config, String modelType) {
    return config;
  }

  /** What peft calls a model with this tuner, for its status: {@code LORA} is {@code LoraModel}. */
  default String modelType() {
    StringBuilder name = new StringBuilder();
    for (String word : peftType().split("_", -1)) {
      name.append(word.charAt(0)).append(word.substring(1).toLowerCase(Locale.ROOT));
    }
    return name.append("Model").toString();
  }

  /** What peft calls an adapted layer, for its status: {@code lora.Linear}. */
  default String layerType(Module layer) {
    return peftType().toLowerCase(Locale.ROOT) + "." + layer.getClass().getSimpleName();
  }

  /** All tuners on board. */
  static List<Tuner> all() {
    List<Tuner> found = new ArrayList<>();
    ServiceLoader.load(Tuner.class, Tuner.class.getClassLoader()).forEach(found::add);
    return found;
  }

  /**
   * The tuner of that peft type.
   *
   * @throws IllegalArgumentException if there is none, listing those on board
   */
  static Tuner of(String peftType) {
    for (Tuner t : all()) {
      if (t.peftType().equals(peftType)) {
        return t;
      }
    }
    throw new IllegalArgumentException(
        "no tuner for peft type '"
            + peftType
            + "'; on board: "
            + all().stream().map(Tuner::peftType).toList());
  }
}
