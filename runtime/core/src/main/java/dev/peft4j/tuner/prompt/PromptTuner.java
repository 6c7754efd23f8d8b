package dev.peft4j.tuner.prompt;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.BooleanNode;
import com.fasterxml.jackson.databind.node.IntNode;
import dev.peft4j.nn.ModelSlot;
import dev.peft4j.nn.Module;
import dev.peft4j.nn.NamedModule;
import dev.peft4j.target.TargetSpec;
import dev.peft4j.tuner.SettingsFile;
import dev.peft4j.tuner.SettingsTuner;
import dev.peft4j.tuner.TunerContext;
import dev.peft4j.tuner.TunerLayer;
import java.lang.annotation.Annotation;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * A tuner that learns virtual tokens. Names are peft's: those of the base begin with {@code
 * base_model}, those of the adapter with {@code prompt_encoder}; a file has {@code
 * prompt_embeddings}.
 *
 * @param <C> its settings
 */
public abstract class PromptTuner<C extends PromptConfig<C>> extends SettingsTuner<C, ModelSlot> {
  private static final String NUMBER = "num_virtual_tokens";

  private final Set<ModelSlot.Kind> kinds;

  /**
   * Creates a tuner.
   *
   * @param kinds the slots that it needs: all of each kind
   */
  protected PromptTuner(
      Class<C> configType,
      Class<? extends Annotation> annotation,
      SettingsFile<C, ?> file,
      Set<ModelSlot.Kind> kinds) {
    super(configType, annotation, file, List.of());
    this.kinds = kinds;
  }

  /** Adds the settings that all these tuners have to the description of a file. */
  protected static <C extends PromptConfig<C>, B extends PromptBuilder<B>> SettingsFile<C, B> file(
      SettingsFile<C, B> file) {
    return file.withoutTargets()
        .setting(
            NUMBER,
            IntNode.valueOf(0),
            (f, b) -> b.virtualTokens(f.integer(NUMBER, 0, 1)),
            c -> IntNode.valueOf(c.virtual().tokens()),
            true)
        .optionalInteger("token_dim", c -> c.virtual().width(), PromptBuilder::tokenDim)
        .optionalInteger("num_layers", c -> c.virtual().layers(), PromptBuilder::modelLayers)
        .optionalInteger(
            "num_attention_heads", c -> c.virtual().heads(), PromptBuilder::attentionHeads)
        .setting(
            "num_transformer_submodules",
            IntNode.valueOf(1),
            (f, b) -> {
              JsonNode n = f.get("num_transformer_submodules");
              if (!n.isMissingNode() && !n.isNull() && n.asInt() != 1) {
                throw f.wrong(
                    "num_transformer_submodules",
                    n,
                    "1: models with an encoder and a decoder are not supported");
              }
            },
            c -> IntNode.valueOf(1),
            false)
        .setting(
            "inference_mode",
            BooleanNode.TRUE,
            (f, b) -> b.inference(f.flag("inference_mode", true)),
            c -> BooleanNode.TRUE,
            false);
  }

  /** Returns the adapter in a slot. */
  protected abstract TunerLayer layer(ModelSlot slot, C config, TunerContext context);

  @Override
  protected final @Nullable ModelSlot adapted(Module module) {
    return module instanceof ModelSlot slot ? slot : null;
  }

  @Override
  protected final TunerLayer layer(String path, ModelSlot slot, C config, TunerContext context) {
    C complete = attachedTo(config, slot);
    VirtualTokens given = complete.virtual();
    VirtualTokens needed = sized(new VirtualTokens(given.tokens(), 0, 0, 0, true), slot);
    require("tokenDim", given.width(), needed.width());
    require("modelLayers", given.layers(), needed.layers());
    return layer(slot, complete, context);
  }

  private static void require(String setting, int given, int needed) {
    if (given != needed) {
      throw new IllegalArgumentException(
          setting + " is " + given + ", but this model needs " + needed);
    }
  }

  /** Returns virtual tokens with the sizes that the model has. */
  protected VirtualTokens sized(VirtualTokens virtual, ModelSlot slot) {
    return virtual.among(slot.model().sizes());
  }

  @Override
  public boolean fillsSlots() {
    return true;
  }

  @Override
  public List<NamedModule> slots(C config, List<NamedModule> all) {
    TargetSpec t = config.targets();
    if (t.allLinear() || t.targetRegex() != null || !t.targets().isEmpty()) {
      throw new IllegalArgumentException(
          peftType() + " changes the whole model, so it has no targets; found " + t.targets());
    }
    List<NamedModule> found = new ArrayList<>();
    for (NamedModule m : all) {
      if (m.module() instanceof ModelSlot s && kinds.contains(s.kind())) {
        found.add(m);
      }
    }
    for (ModelSlot.Kind kind : kinds) {
      if (found.stream().noneMatch(m -> ((ModelSlot) m.module()).kind() == kind)) {
        throw new IllegalArgumentException(
            peftType()
                + " needs a model with slots of the kind "
                + kind
                + " (dev.peft4j.nn.HasSlots), such as a causal language model of this project; this"
                + " one has "
                + all.stream()
                    .filter(m -> m.module() instanceof ModelSlot)
                    .map(NamedModule::name)
                    .toList());
      }
    }
    return found;
  }

  /** Takes sizes from the model where none are given. */
  @Override
  public C attachedTo(C config, Module layer) {
    return layer instanceof ModelSlot slot
        ? config.withVirtual(sized(config.virtual(), slot))
        : config;
  }

  /** Returns the settings: there are no targets to choose. */
  @Override
  public C forModel(C config, String modelType) {
    return config;
  }

  @Override
  public String basePrefix() {
    return "base_model.";
  }

  @Override
  public String parameterPrefix() {
    return "prompt_";
  }

  @Override
  public String layerType(Module layer) {
    return "prompt." + layer.getClass().getSimpleName();
  }
}
