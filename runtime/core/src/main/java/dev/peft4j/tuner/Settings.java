package dev.peft4j.tuner;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.peft4j.data.Shape;
import dev.peft4j.io.AdapterConfig;
import dev.peft4j.io.StoredTensor;
import dev.peft4j.nn.Module;
import dev.peft4j.nn.NamedModule;
import dev.peft4j.target.TargetSpec;
import java.io.IOException;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.SequencedMap;
import org.jspecify.annotations.Nullable;

/** Settings with the tuner that understands them. */
record Settings<C extends PeftConfig>(Tuner<C> tuner, C config) {
  /**
   * Finds the tuner of settings.
   *
   * @throws IllegalArgumentException if there is none, or it has settings of another type
   */
  static Settings<?> of(PeftConfig config) {
    return of(Tuner.of(config.peftType()), config);
  }

  private static <C extends PeftConfig> Settings<C> of(Tuner<C> tuner, PeftConfig config) {
    if (!tuner.configType().isInstance(config)) {
      throw new IllegalArgumentException(
          "settings of peft type '"
              + config.peftType()
              + "' are a "
              + tuner.configType().getName()
              + ", got a "
              + config.getClass().getName());
    }
    return new Settings<>(tuner, tuner.configType().cast(config));
  }

  /** Reads the settings that a file has for a tuner. */
  static <C extends PeftConfig> Settings<C> read(Tuner<C> tuner, AdapterConfig file)
      throws IOException {
    return new Settings<>(tuner, tuner.read(file));
  }

  /** Returns other settings of the same tuner. */
  Settings<C> with(PeftConfig other) {
    return other == config ? this : of(tuner, other);
  }

  Settings<C> withTargets(TargetSpec targets) {
    return with(config.withTargets(targets));
  }

  Settings<C> forModel(String modelType) {
    return with(tuner.forModel(config, modelType));
  }

  Settings<C> attachedTo(Module layer) {
    return with(tuner.attachedTo(config, layer));
  }

  Settings<C> tied() {
    return with(tuner.tied(config));
  }

  Settings<C> saved(Collection<String> paths) {
    return with(tuner.saved(config, paths));
  }

  Settings<C> trained(SequencedMap<String, TunerLayer> layers) {
    return with(tuner.trained(config, layers));
  }

  @Nullable AdapterTraining training(SequencedMap<String, TunerLayer> layers) {
    return tuner.training(config, layers);
  }

  List<NamedModule> slots(List<NamedModule> all) {
    return tuner.slots(config, all);
  }

  ExtraTargets extraTargets(Module root) {
    return tuner.extraTargets(config, root);
  }

  List<String> modulesToSave() {
    return tuner.modulesToSave(config);
  }

  List<String> unused(Collection<String> paths) {
    return tuner.unusedSettings(config, paths);
  }

  boolean tiesWeights() {
    return tuner.tiesWeights(config);
  }

  boolean prepare(Module root) {
    return tuner.prepare(config, root);
  }

  boolean addsUpInShared() {
    return tuner.addsUpInShared(config);
  }

  /** Returns the names of a module's own parameters that get adapters by themselves. */
  List<String> parameterTargets(String path, Module module) {
    return tuner.parameterTargets(config, path, module);
  }

  List<String> targetParameters() {
    return tuner.targetParameters(config);
  }

  /** Makes the adapter of a layer, or of those of a module's parameters that are targets. */
  TunerLayer attach(String path, Module module, TunerContext context) {
    List<String> names = parameterTargets(path, module);
    return names.isEmpty()
        ? tuner.attach(path, FrozenBase.adaptable(module), config, context)
        : tuner.attachToParameters(path, module, names, config, context);
  }

  /** Returns these with what only the tensors of a file tell. */
  Settings<C> forFile(Map<String, StoredTensor> tensors) {
    return with(tuner.forFile(config, tensors));
  }

  /** Returns these, if weights of these shapes can be an adapter's with them. */
  Settings<C> requireSize(Map<String, Shape> weights) {
    tuner.requireSize(config, weights);
    return this;
  }

  SequencedMap<String, StoredTensor> stored(SequencedMap<String, StoredTensor> tensors) {
    return tuner.stored(config, tensors);
  }

  SequencedMap<String, StoredTensor> loaded(SequencedMap<String, StoredTensor> tensors) {
    return tuner.loaded(config, tensors);
  }

  ObjectNode write() {
    return tuner.write(config);
  }

  /** Throws if those of a file would compute something else in a layer. */
  void requireSame(String path, Settings<?> file) {
    tuner.requireSame(path, config, with(file.config).config);
  }
}
