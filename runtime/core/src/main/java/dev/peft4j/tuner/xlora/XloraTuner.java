package dev.peft4j.tuner.xlora;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.NullNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.google.auto.service.AutoService;
import dev.peft4j.io.AdapterConfig;
import dev.peft4j.nn.Adaptable;
import dev.peft4j.nn.ModelSlot;
import dev.peft4j.nn.Module;
import dev.peft4j.nn.NamedModule;
import dev.peft4j.tuner.SettingsFile;
import dev.peft4j.tuner.SettingsTuner;
import dev.peft4j.tuner.Tuner;
import dev.peft4j.tuner.TunerContext;
import dev.peft4j.tuner.TunerLayer;
import dev.peft4j.tuner.xlora.XloraConfig.Builder;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * X-LoRA (Buehler and Buehler 2024), peft's {@code XLORA}: several LoRA adapters, the experts, are
 * mixed for each token. A first pass, without gradient, takes all of them with the scaling {@code
 * passValue}; a classifier turns its last hidden states into scalings s of each expert, for each
 * token and perhaps each layer; in the second pass a layer computes W·x + b + weight · Σ sₑ·scaleₑ
 * · Bₑ·Aₑ·x. Only the classifier is trained, unless {@code trainsExperts}.
 *
 * <p>peft's files lack the classifier's first layer, which looks like a part of expert 0 to it; the
 * files that are written here have it.
 */
@AutoService(Tuner.class)
public final class XloraTuner extends SettingsTuner<XloraConfig, Module> {
  /** peft's name. */
  public static final String PEFT_TYPE = "XLORA";

  private static final String ADAPTERS = "adapters";

  private static final SettingsFile<XloraConfig, Builder> FILE =
      SettingsFile.of(PEFT_TYPE, XloraConfig.class, XloraConfig::builder)
          .withoutTargets()
          .setting(ADAPTERS, NullNode.instance, XloraTuner::readExperts, XloraTuner::experts, false)
          .optionalInteger("hidden_size", XloraConfig::hiddenSize, Builder::hiddenSize)
          .flag("enable_softmax", true, XloraConfig::softmax, Builder::softmax)
          .flag("enable_softmax_topk", false, XloraConfig::softmaxOfTop, Builder::softmaxOfTop)
          .flag("layerwise_scalings", false, XloraConfig::layerwise, Builder::layerwise)
          .integer("xlora_depth", 1, 1, XloraConfig::depth, Builder::depth)
          .integer("xlora_size", 2048, 1, XloraConfig::size, Builder::size)
          .decimal("xlora_dropout_p", 0.2, XloraConfig::dropout, Builder::dropout)
          .flag("use_trainable_adapters", false, XloraConfig::trainsExperts, Builder::trainsExperts)
          .decimal("softmax_temperature", 1, XloraConfig::temperature, Builder::temperature)
          .optionalInteger("top_k_lora", XloraConfig::topK, Builder::topK)
          .decimal("scaling_pass_value", 0, XloraConfig::passValue, Builder::passValue)
          .decimal("global_scaling_weight", 1, XloraConfig::weight, Builder::weight);

  /** Creates it for {@link java.util.ServiceLoader}. */
  public XloraTuner() {
    super(XloraConfig.class, Xlora.class, FILE, List.of());
  }

  private static void readExperts(AdapterConfig file, Builder builder) throws IOException {
    JsonNode all = file.get(ADAPTERS);
    if (!all.isObject()) {
      throw file.wrong(ADAPTERS, all, "an object with the folder of each LoRA adapter");
    }
    for (Map.Entry<String, JsonNode> e : all.properties()) {
      if (!e.getValue().isTextual()) {
        throw file.wrong(ADAPTERS + "." + e.getKey(), e.getValue(), "a folder");
      }
      String given = e.getValue().textValue();
      builder.expert(e.getKey(), given, located(file, given));
    }
  }

  /** Returns a folder as it is given, or else in or beside the folder of the settings. */
  private static Path located(AdapterConfig file, String given) {
    Path path = Path.of(given);
    Path here = file.file().toAbsolutePath().getParent();
    for (Path above = here; !path.isAbsolute() && above != null && !Files.exists(path); ) {
      if (Files.exists(above.resolve(given))) {
        return above.resolve(given);
      }
      above = above.equals(here) ? above.getParent() : null;
    }
    return path;
  }

  private static JsonNode experts(XloraConfig config) {
    ObjectNode all = JsonNodeFactory.instance.objectNode();
    config
        .experts()
        .forEach( // a file elsewhere would not find what was found beside this one
            e ->
                all.put(
                    e.name(),
                    e.folder().equals(Path.of(e.given())) ? e.given() : e.folder().toString()));
    return all;
  }

  @Override
  public ObjectNode write(XloraConfig config) {
    ObjectNode tree = super.write(config);
    tree.remove("modules_to_save");
    return tree;
  }

  @Override
  public boolean fillsSlots() {
    return true;
  }

  @Override
  public List<NamedModule> slots(XloraConfig config, List<NamedModule> all) {
    Set<String> targets = Experts.read(config).paths();
    List<NamedModule> found = new ArrayList<>();
    for (NamedModule m : all) {
      boolean stack = m.module() instanceof ModelSlot s && s.kind() == ModelSlot.Kind.LAYERS;
      if (stack || targets.contains(m.name()) && m.module() instanceof Adaptable) {
        found.add(m);
      }
    }
    if (found.stream().noneMatch(m -> m.module() instanceof ModelSlot)) {
      throw new IllegalArgumentException(
          PEFT_TYPE + " needs a model with slots of the kind LAYERS (dev.peft4j.nn.HasSlots)");
    }
    if (found.size() < targets.size() + 1) {
      List<String> missing = new ArrayList<>(targets);
      missing.removeAll(found.stream().map(NamedModule::name).toList());
      throw new IllegalArgumentException(
          PEFT_TYPE + ": the experts adapt layers that the model does not have: " + missing);
    }
    return found;
  }

  @Override
  protected @Nullable Module adapted(Module module) {
    return module instanceof ModelSlot || module.ownParameters().containsKey("weight")
        ? module
        : null;
  }

  @Override
  protected TunerLayer layer(String path, Module module, XloraConfig config, TunerContext context) {
    XloraConfig complete = attachedTo(config, module);
    Experts experts = context.common(Experts.class, () -> Experts.read(config));
    if (module instanceof ModelSlot slot) {
      int size = slot.model().sizes().hidden();
      if (complete.hiddenSize() != size) {
        throw new IllegalArgumentException(
            "hiddenSize is " + complete.hiddenSize() + ", the model's is " + size);
      }
      int layers = Objects.requireNonNull(context.layers()).size() - 1;
      return new XloraClassifier(slot, complete, layers, context.rng());
    }
    return new XloraLayer(path, module, config, experts);
  }

  @Override
  public XloraConfig attachedTo(XloraConfig config, Module layer) {
    return layer instanceof ModelSlot slot && config.hiddenSize() == 0
        ? config.withHiddenSize(slot.model().sizes().hidden())
        : config;
  }

  /** Returns the settings: there are no targets to choose. */
  @Override
  public XloraConfig forModel(XloraConfig config, String modelType) {
    return config;
  }

  @Override
  public String basePrefix() {
    return "base_model.lora_model.model.";
  }

  @Override
  public String parameterPrefix() {
    return "internal_xlora_";
  }
}
