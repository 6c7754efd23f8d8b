package dev.peft4j.tuner;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.peft4j.data.Shape;
import dev.peft4j.io.AdapterConfig;
import dev.peft4j.nn.Adaptable;
import dev.peft4j.nn.Linear;
import dev.peft4j.nn.Module;
import dev.peft4j.nn.TransposedLinear;
import java.io.IOException;
import java.lang.annotation.Annotation;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * A tuner whose file is described by a {@link SettingsFile}: a subclass says only how a layer
 * computes.
 *
 * @param <C> its settings
 * @param <L> what the layers that it adapts have in common
 */
public abstract class SettingsTuner<C extends CommonConfig<C>, L extends Module>
    implements Tuner<C> {
  private final Class<C> configType;
  private final Class<? extends Annotation> annotation;
  private final SettingsFile<C, ?> file;
  private final List<Class<? extends L>> layerTypes;

  /**
   * Creates a tuner.
   *
   * @param layerTypes the layers that it adapts
   */
  protected SettingsTuner(
      Class<C> configType,
      Class<? extends Annotation> annotation,
      SettingsFile<C, ?> file,
      List<Class<? extends L>> layerTypes) {
    this.configType = configType;
    this.annotation = annotation;
    this.file = file;
    this.layerTypes = layerTypes;
  }

  /** Returns the adapter of a layer of one of the types. */
  protected abstract TunerLayer layer(String path, L layer, C config, TunerContext context);

  /** Returns a module as a layer that it adapts, or null if it adapts no layers of that type. */
  protected @Nullable L adapted(Module module) {
    for (Class<? extends L> type : layerTypes) {
      if (type.isInstance(module)) {
        return type.cast(module);
      }
    }
    return null;
  }

  @Override
  public final String peftType() {
    return file.peftType();
  }

  @Override
  public final Class<C> configType() {
    return configType;
  }

  @Override
  public final Class<? extends Annotation> annotation() {
    return annotation;
  }

  @Override
  public final List<Class<? extends Module>> layerTypes() {
    return List.copyOf(layerTypes);
  }

  @Override
  public final <M extends Module & Adaptable> TunerLayer attach(
      String path, M module, C config, TunerContext context) {
    L layer = adapted(module);
    if (layer == null) {
      throw new IllegalArgumentException(
          annotation.getSimpleName()
              + " cannot adapt '"
              + path
              + "' of type "
              + module.getClass().getSimpleName()
              + "; it adapts "
              + layerTypes.stream().map(Class::getSimpleName).toList());
    }
    Weights.requireOneGroup(annotation.getSimpleName(), path, module);
    return layer(path, layer, config, context);
  }

  /** Sets {@code fan_in_fan_out} to what the last linear layer is, as peft does. */
  @Override
  public C attachedTo(C config, Module layer) {
    boolean says = layer instanceof TransposedLinear || layer instanceof Linear;
    return says && file.hasFanInFanOut()
        ? config.withCommon(config.common().withFanInFanOut(layer instanceof TransposedLinear))
        : config;
  }

  /** Takes the targets that peft has for that kind of model where none are named. */
  @Override
  public C forModel(C config, String modelType) {
    return TargetsByModel.isLeftOpen(config.targets())
        ? config.withTargets(TargetsByModel.of(getClass(), modelType, config.targets()))
        : config;
  }

  @Override
  public C read(AdapterConfig config) throws IOException {
    ConfigBuilder<?> builder = file.read(config);
    return config.checked(() -> configType.cast(builder.build()));
  }

  @Override
  public ObjectNode write(C config) {
    return file.write(config);
  }

  @Override
  public List<String> unusedSettings(C config, Collection<String> paths) {
    return file.comparison().unused(config, paths);
  }

  @Override
  public void requireSame(String path, C present, C other) {
    file.comparison().requireSame(path, present, other);
  }

  @Override
  public void requireSize(C config, Map<String, Shape> weights) {
    file.comparison().requireSize(config, weights);
  }
}
