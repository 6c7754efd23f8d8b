package dev.peft4j.tuner.shadow;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.IntNode;
import com.fasterxml.jackson.databind.node.NullNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.fasterxml.jackson.databind.node.TextNode;
import com.google.auto.service.AutoService;
import dev.peft4j.io.AdapterConfig;
import dev.peft4j.nn.ModelSlot;
import dev.peft4j.nn.Module;
import dev.peft4j.nn.NamedModule;
import dev.peft4j.target.TargetSpec;
import dev.peft4j.tuner.SettingsFile;
import dev.peft4j.tuner.SettingsTuner;
import dev.peft4j.tuner.Tuner;
import dev.peft4j.tuner.TunerContext;
import dev.peft4j.tuner.TunerLayer;
import dev.peft4j.tuner.shadow.ShadowConfig.Builder;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Shadows (2026), peft's {@code SHADOW}: a small model of the same kind, with weights of its own,
 * reads the same input; its hidden states, projected if they are narrower, are the first state s. A
 * layer of the base reads h + alpha·U·D·(h − s); from its result h′ comes the next state, (1 − g)·s
 * + g·T(h′) with g = σ(G(h′)). T and G are two linear layers with a GELU between them. What the
 * output layer predicts from the first state is a further part of the loss.
 *
 * <table>
 *   <caption>Shapes, of each layer</caption>
 *   <tr><td>D</td><td>(r, hidden)</td></tr>
 *   <tr><td>U</td><td>(hidden, r)</td></tr>
 *   <tr><td>T, G</td><td>(update, hidden) and (hidden, update), with biases</td></tr>
 * </table>
 */
@AutoService(Tuner.class)
public final class ShadowTuner extends SettingsTuner<ShadowConfig, ModelSlot> {
  /** peft's name. */
  public static final String PEFT_TYPE = "SHADOW";

  private static final String LAYERS = "shadow_num_hidden_layers";
  private static final String TARGETS = "target_modules";

  private static final SettingsFile<ShadowConfig, Builder> FILE =
      SettingsFile.of(PEFT_TYPE, ShadowConfig.class, ShadowConfig::builder)
          .size("r", 8, ShadowConfig::r, Builder::r)
          .setting(
              LAYERS,
              NullNode.instance,
              (f, b) -> b.shadowLayers(f.get(LAYERS).isNull() ? 1 : f.integer(LAYERS, 1, 1)),
              c -> c.shadowLayers() == 1 ? NullNode.instance : IntNode.valueOf(c.shadowLayers()),
              true)
          .optionalInteger("shadow_hidden_size", ShadowConfig::hiddenSize, Builder::hiddenSize)
          .optionalInteger(
              "shadow_intermediate_size", ShadowConfig::intermediateSize, Builder::intermediateSize)
          .optionalInteger("shadow_num_attention_heads", ShadowConfig::heads, Builder::heads)
          .decimal("shadow_alpha", 0.1, ShadowConfig::alpha, Builder::alpha)
          .decimalAtStart("shadow_dropout", 0.2, ShadowConfig::dropout, Builder::dropout)
          .optionalInteger("update_hidden_size", ShadowConfig::updateSize, Builder::updateSize)
          .decimalAtStart(
              "auxiliary_loss_weight", 0.05, ShadowConfig::lossWeight, Builder::lossWeight)
          .flag("share_embeddings", true, ShadowConfig::sharesEmbeddings, Builder::sharesEmbeddings)
          .flagAtStart("init_weights", true, ShadowConfig::initWeights, Builder::initWeights)
          .only("shadow_model", TextNode.valueOf("mirror"))
          .only("exclude_modules", NullNode.instance)
          .only("layers_to_transform", NullNode.instance)
          .only("layers_pattern", NullNode.instance);

  /** Creates it for {@link java.util.ServiceLoader}. */
  public ShadowTuner() {
    super(ShadowConfig.class, Shadow.class, FILE, List.of());
  }

  /** Reads the settings: what peft calls targets are the layers that are corrected. */
  @Override
  public ShadowConfig read(AdapterConfig config) throws IOException {
    List<String> blocks = config.textOrTexts(TARGETS);
    TargetSpec saved =
        TargetSpec.builder()
            .modulesToSave(super.read(config).targets().modulesToSave().toArray(new String[0]))
            .build()
            .asFromFile();
    return super.read(config).withBlocks(blocks == null ? List.of() : blocks).withTargets(saved);
  }

  @Override
  public ObjectNode write(ShadowConfig config) {
    ObjectNode tree = super.write(config);
    if (!config.blocks().isEmpty()) {
      ArrayNode all = tree.putArray(TARGETS);
      config.blocks().forEach(all::add);
    }
    return tree;
  }

  @Override
  public ShadowConfig saved(ShadowConfig config, Collection<String> paths) {
    return config.withBlocks(paths.stream().filter(p -> !p.endsWith(ShadowBackbone.NAME)).toList());
  }

  @Override
  public boolean fillsSlots() {
    return true;
  }

  @Override
  public List<NamedModule> slots(ShadowConfig config, List<NamedModule> all) {
    if ("SEQ_CLS".equals(config.taskType())) {
      throw new IllegalArgumentException(
          PEFT_TYPE + " is for language models here; classifiers (SEQ_CLS) are not supported");
    }
    List<NamedModule> found = new ArrayList<>();
    List<String> blocks = new ArrayList<>(config.blocks());
    NamedModule stack = null;
    for (NamedModule m : all) {
      if (m.module() instanceof ModelSlot s && s.kind() == ModelSlot.Kind.LAYER) {
        String path = m.name().substring(0, m.name().length() - s.name().length()) + s.path();
        if (config.blocks().isEmpty() || blocks.remove(path)) {
          found.add(new NamedModule(path, s));
        }
      } else if (m.module() instanceof ModelSlot s && s.kind() == ModelSlot.Kind.LAYERS) {
        stack = new NamedModule(ShadowBackbone.NAME, s);
      }
    }
    if (stack == null || found.isEmpty()) {
      throw new IllegalArgumentException(
          PEFT_TYPE
              + " needs a model with slots of the kinds LAYER and LAYERS (dev.peft4j.nn.HasSlots)");
    }
    if (!blocks.isEmpty()) {
      throw new IllegalArgumentException(
          PEFT_TYPE + ": the model has no layers " + blocks + " (target_modules)");
    }
    found.add(stack);
    return found;
  }

  @Override
  protected @Nullable ModelSlot adapted(Module module) {
    return module instanceof ModelSlot slot ? slot : null;
  }

  @Override
  protected TunerLayer layer(
      String path, ModelSlot slot, ShadowConfig config, TunerContext context) {
    return slot.kind() == ModelSlot.Kind.LAYER
        ? new ShadowBlock(path, slot, config, context.rng())
        : new ShadowBackbone(slot, config, context.rng());
  }

  /** Returns the settings: there are no targets to choose. */
  @Override
  public ShadowConfig forModel(ShadowConfig config, String modelType) {
    return config;
  }

  @Override
  public String parameterPrefix() {
    return "shadow_";
  }
}
