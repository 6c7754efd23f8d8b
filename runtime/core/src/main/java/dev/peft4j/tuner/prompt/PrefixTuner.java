package dev.peft4j.tuner.prompt;

import dev.peft4j.nn.ModelSlot;
import dev.peft4j.tuner.SettingsFile;
import dev.peft4j.tuner.TunerContext;
import dev.peft4j.tuner.TunerLayer;
import java.lang.annotation.Annotation;
import java.util.Set;

/**
 * A tuner that learns keys and values in front of those of each layer.
 *
 * @param <C> its settings
 */
public abstract class PrefixTuner<C extends PromptConfig<C>> extends PromptTuner<C> {
  /** Creates a tuner. */
  protected PrefixTuner(
      Class<C> configType, Class<? extends Annotation> annotation, SettingsFile<C, ?> file) {
    super(configType, annotation, file, Set.of(ModelSlot.Kind.KEYS_VALUES));
  }

  /** Returns the keys and values of all layers, for complete settings. */
  protected abstract PrefixLayer.Table table(C config, TunerContext context);

  @Override
  protected final TunerLayer layer(ModelSlot slot, C config, TunerContext context) {
    PrefixLayer.Table table = context.common(PrefixLayer.Table.class, () -> table(config, context));
    return new PrefixLayer(slot, config.virtual(), table);
  }

  /** Returns virtual tokens with the sizes of the model's keys. */
  @Override
  protected final VirtualTokens sized(VirtualTokens virtual, ModelSlot slot) {
    return virtual.before(slot.model().sizes());
  }
}
