package dev.peft4j.tuner.adaptionprompt;

import com.fasterxml.jackson.databind.node.IntNode;
import com.fasterxml.jackson.databind.node.NullNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.google.auto.service.AutoService;
import dev.peft4j.io.AdapterConfig;
import dev.peft4j.nn.AttentionSlot;
import dev.peft4j.nn.ModelSlot;
import dev.peft4j.nn.Module;
import dev.peft4j.nn.NamedModule;
import dev.peft4j.target.TargetSpec;
import dev.peft4j.tuner.SettingsFile;
import dev.peft4j.tuner.SettingsTuner;
import dev.peft4j.tuner.Tuner;
import dev.peft4j.tuner.TunerContext;
import dev.peft4j.tuner.TunerLayer;
import dev.peft4j.tuner.adaptionprompt.AdaptionPromptConfig.Builder;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Adaption prompts (Zhang et al. 2023, LLaMA-Adapter), peft's {@code ADAPTION_PROMPT}: in the last
 * layers, attention also looks at a learned prompt P, as much as a gate g lets it: its result gets
 * O(g · softmax(q·K(P)ᵀ/√d)·V(P)), K, V and O being the attention's own layers and q its queries.
 * The gate starts at 0. As in peft, GPT-2's output layer O is left out. Models of the kinds llama,
 * mistral and gpt2 take it.
 *
 * <table>
 *   <caption>Shapes, of each layer</caption>
 *   <tr><td>P</td><td>(1, length, hidden)</td></tr>
 *   <tr><td>g</td><td>(1)</td></tr>
 * </table>
 */
@AutoService(Tuner.class)
public final class AdaptionPromptTuner extends SettingsTuner<AdaptionPromptConfig, ModelSlot> {
  /** peft's name. */
  public static final String PEFT_TYPE = "ADAPTION_PROMPT";

  private static final String MODULE = "target_modules";
  private static final String GPT2 = "gpt2";
  private static final Set<String> KINDS = Set.of("llama", "mistral", GPT2);

  private static final SettingsFile<AdaptionPromptConfig, Builder> FILE =
      SettingsFile.of(PEFT_TYPE, AdaptionPromptConfig.class, AdaptionPromptConfig::builder)
          .setting(
              "adapter_len",
              NullNode.instance,
              (f, b) -> b.length(f.integer("adapter_len", 0, 1)),
              c -> IntNode.valueOf(c.length()),
              true)
          .setting(
              "adapter_layers",
              NullNode.instance,
              (f, b) -> b.lastLayers(f.integer("adapter_layers", 0, 1)),
              c -> IntNode.valueOf(c.lastLayers()),
              true)
          .optionalText(MODULE, AdaptionPromptConfig::module, Builder::module);

  /** Creates it for {@link java.util.ServiceLoader}. */
  public AdaptionPromptTuner() {
    super(AdaptionPromptConfig.class, AdaptionPrompt.class, FILE, List.of());
  }

  /** Reads the settings: what peft calls the target is the name of the attention. */
  @Override
  public AdaptionPromptConfig read(AdapterConfig config) throws IOException {
    return super.read(config).withTargets(TargetSpec.builder().build().asFromFile());
  }

  @Override
  public ObjectNode write(AdaptionPromptConfig config) {
    ObjectNode tree = super.write(config);
    tree.remove("modules_to_save");
    return config.module().isEmpty() ? tree : tree.put(MODULE, config.module());
  }

  @Override
  public boolean fillsSlots() {
    return true;
  }

  @Override
  public List<NamedModule> slots(AdaptionPromptConfig config, List<NamedModule> all) {
    List<NamedModule> found = new ArrayList<>();
    for (NamedModule m : all) {
      if (m.module() instanceof AttentionSlot slot) {
        int above = m.name().length() - slot.name().length();
        found.add(new NamedModule(m.name().substring(0, above) + slot.path(), slot));
      }
    }
    if (found.isEmpty()) {
      throw new IllegalArgumentException(
          PEFT_TYPE
              + " needs a model with slots of the kind ATTENTION (dev.peft4j.nn.HasSlots); this one"
              + " has "
              + all.stream()
                  .filter(m -> m.module() instanceof ModelSlot)
                  .map(NamedModule::name)
                  .toList());
    }
    String kind = ((AttentionSlot) found.getFirst().module()).model().sizes().modelType();
    if (!KINDS.contains(kind)) {
      throw new IllegalArgumentException(
          PEFT_TYPE + " is for models of the kinds llama, mistral and gpt2, this one is " + kind);
    }
    if (config.lastLayers() > found.size()) {
      throw new IllegalArgumentException(
          "lastLayers is " + config.lastLayers() + ", the model has " + found.size() + " layers");
    }
    return found.subList(found.size() - config.lastLayers(), found.size());
  }

  @Override
  protected @Nullable ModelSlot adapted(Module module) {
    return module instanceof AttentionSlot slot ? slot : null;
  }

  @Override
  protected TunerLayer layer(
      String path, ModelSlot slot, AdaptionPromptConfig config, TunerContext context) {
    boolean projects = !slot.model().sizes().modelType().equals(GPT2);
    return new AdaptionPromptLayer(
        path, (AttentionSlot) slot, config.length(), projects, context.rng());
  }

  /** Takes the name of the attention from the model. */
  @Override
  public AdaptionPromptConfig attachedTo(AdaptionPromptConfig config, Module layer) {
    String path = layer instanceof AttentionSlot slot ? slot.path() : "";
    return config.module().isEmpty()
        ? config.withModule(path.substring(path.lastIndexOf('.') + 1))
        : config;
  }

  /** Returns the settings: there are no targets to choose. */
  @Override
  public AdaptionPromptConfig forModel(AdaptionPromptConfig config, String modelType) {
    return config;
  }

  @Override
  public String parameterPrefix() {
    return "adaption_";
  }
}
