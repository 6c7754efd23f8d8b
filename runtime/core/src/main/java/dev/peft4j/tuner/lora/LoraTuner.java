package dev.peft4j.tuner.lora;

import com.fasterxml.jackson.databind.node.ObjectNode;
import com.google.auto.service.AutoService;
import dev.peft4j.annotation.Peft;
import dev.peft4j.data.Shape;
import dev.peft4j.io.AdapterConfig;
import dev.peft4j.io.StoredTensor;
import dev.peft4j.nn.Adaptable;
import dev.peft4j.nn.BlockStack;
import dev.peft4j.nn.Embedding;
import dev.peft4j.nn.Linear;
import dev.peft4j.nn.Module;
import dev.peft4j.nn.MultiheadAttention;
import dev.peft4j.nn.NamedModule;
import dev.peft4j.nn.TransposedLinear;
import dev.peft4j.target.Names;
import dev.peft4j.target.TargetMatcher;
import dev.peft4j.target.TargetSpec;
import dev.peft4j.tensor.Tensor;
import dev.peft4j.tuner.AdapterTraining;
import dev.peft4j.tuner.Combination;
import dev.peft4j.tuner.CombinationSource;
import dev.peft4j.tuner.CombinedAdapter;
import dev.peft4j.tuner.ExtraTargets;
import dev.peft4j.tuner.PatternMap;
import dev.peft4j.tuner.SavedPatterns;
import dev.peft4j.tuner.SettingChecks;
import dev.peft4j.tuner.TargetsByModel;
import dev.peft4j.tuner.Tuner;
import dev.peft4j.tuner.TunerContext;
import dev.peft4j.tuner.TunerLayer;
import dev.peft4j.tuner.tokens.TokenRows;
import java.io.IOException;
import java.lang.annotation.Annotation;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.SequencedMap;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/**
 * Low-rank adaptation (Hu et al. 2021), peft's {@code LORA}: a layer computes W·x + b +
 * s·B·A·drop(x) with s = alpha / r. A starts random and B at zero, so that training starts from the
 * base model.
 *
 * <table>
 *   <caption>Shapes</caption>
 *   <tr><td>Linear, TransposedLinear (in → out)</td><td>A (r, in), B (out, r)</td></tr>
 *   <tr><td>Embedding (n rows of dim)</td><td>A (r, n), B (dim, r); here A starts at zero and B at N(0, 1)</td></tr>
 *   <tr><td>Conv1d (in → out, k)</td><td>A (r, in, k), B (out, r, 1)</td></tr>
 *   <tr><td>Conv2d (in → out, k × k)</td><td>A (r, in, k, k), B (out, r, 1, 1)</td></tr>
 * </table>
 *
 * <p>What it computes is in {@link LoraLayer}, what differs from layer to layer in {@link
 * LoraKind}, how it starts in {@link LoraStart}, and its file in {@link LoraFile}.
 */
@AutoService(Tuner.class)
public final class LoraTuner implements Tuner<LoraConfig> {
  /** Creates it for {@link java.util.ServiceLoader}. */
  public LoraTuner() {}

  @Override
  public String peftType() {
    return LoraConfig.PEFT_TYPE;
  }

  @Override
  public String layerType(Module layer) {
    return layer instanceof TransposedLinear ? "lora.Linear" : Tuner.super.layerType(layer);
  }

  @Override
  public Class<LoraConfig> configType() {
    return LoraConfig.class;
  }

  @Override
  public Class<? extends Annotation> annotation() {
    return Peft.class;
  }

  @Override
  public String[] cardTags() {
    return new String[] {"lora"};
  }

  @Override
  public List<Class<? extends Module>> layerTypes() {
    return LoraKind.TYPES;
  }

  @Override
  public <L extends Module & Adaptable> TunerLayer attach(
      String path, L layer, LoraConfig lora, TunerContext context) {
    List<Integer> tokens = tokensOf(path, lora, layer instanceof Embedding);
    if (tokens != null) {
      return TokenRows.besides(path, layer, tokens);
    }
    if (layer instanceof MultiheadAttention attention) {
      return new LoraAttention(path, attention, lora, context.rng());
    }
    LoraKind kind = LoraKind.of(layer);
    if (kind == null) {
      throw new IllegalArgumentException(
          "LoRA cannot adapt '"
              + path
              + "' of type "
              + layer.getClass().getSimpleName()
              + "; it adapts "
              + LoraKind.TYPES.stream().map(Class::getSimpleName).toList());
    }
    return new LoraLayer(path, kind, lora, context);
  }

  /** Repeats blocks of the model, unless it was done for an adapter before. */
  @Override
  public boolean prepare(LoraConfig config, Module root) {
    if (config.layerReplication().isEmpty()) {
      return false;
    }
    BlockStack stack =
        root.namedModules().stream()
            .map(NamedModule::module)
            .filter(BlockStack.class::isInstance)
            .map(BlockStack.class::cast)
            .findFirst()
            .orElseThrow(
                () ->
                    new IllegalArgumentException(
                        "layer replication: "
                            + root.getClass().getSimpleName()
                            + " does not say which blocks it has (nn.BlockStack)"));
    int count = stack.blockCount();
    for (LayerRange range : config.layerReplication()) {
      if (range.to() > count) {
        throw new IllegalArgumentException(
            "layer replication: " + range + " is out of range, the model has " + count + " blocks");
      }
    }
    stack.arrange(
        config.layerReplication().stream()
            .flatMapToInt(range -> IntStream.range(range.from(), range.to()))
            .toArray());
    return true;
  }

  @Override
  public boolean addsUpInShared(LoraConfig config) {
    return !config.layerReplication().isEmpty();
  }

  /**
   * Lets layers that share a weight share the adapter where peft's setting is on and the file has
   * the adapter once: such a file is from here.
   */
  @Override
  public LoraConfig forFile(LoraConfig config, Map<String, StoredTensor> tensors) {
    if (!config.hasTwins()) {
      return config;
    }
    for (Map.Entry<String, StoredTensor> e : tensors.entrySet()) {
      if (e.getKey().endsWith(".lora_embedding_B")) {
        Shape turned = Shape.of(e.getValue().shape().dim(1), e.getValue().shape().dim(0));
        boolean twice =
            tensors.entrySet().stream()
                .anyMatch(
                    t ->
                        t.getKey().endsWith(".lora_A.weight")
                            && t.getValue().shape().equals(turned)
                            && Tensor.of(e.getValue().storage(), e.getValue().shape())
                                .transpose(0, 1)
                                .storage()
                                .equalBytes(t.getValue().storage()));
        return twice ? config : config.withOpenTying();
      }
    }
    return config;
  }

  @Override
  public List<String> parameterTargets(LoraConfig config, String path, Module module) {
    if (config.targetParameters().isEmpty() || path.isEmpty()) {
      return List.of();
    }
    return module.ownParameters().keySet().stream()
        .filter(
            name ->
                config.targetParameters().stream()
                    .anyMatch(target -> Names.names(target, path + "." + name)))
        .toList();
  }

  @Override
  public List<String> targetParameters(LoraConfig config) {
    return config.targetParameters();
  }

  @Override
  public TunerLayer attachToParameters(
      String path, Module module, List<String> names, LoraConfig config, TunerContext context) {
    return new LoraParameters(path, module, names, config, context.rng());
  }

  /**
   * The tokens that are trained in the layer at {@code path}, or null if it is a target like
   * others.
   *
   * @param embedding whether it may be the model's input embedding
   */
  private static @Nullable List<Integer> tokensOf(String path, LoraConfig lora, boolean embedding) {
    if (lora.trainableTokens().isEmpty()) {
      return null;
    }
    List<Integer> ofInput = lora.trainableTokens().get(LoraConfig.INPUT_EMBEDDING);
    boolean isNamed =
        Names.ends(List.of(path)).stream().anyMatch(lora.trainableTokens()::containsKey);
    if (!(ofInput != null && embedding) && !isNamed) {
      return null;
    }
    boolean target = new TargetMatcher(lora.targets()).match(path, false).targeted();
    for (Map.Entry<String, List<Integer>> e : lora.trainableTokens().entrySet()) {
      boolean named =
          !e.getKey().equals(LoraConfig.INPUT_EMBEDDING) && Names.names(e.getKey(), path);
      if (named && target) {
        throw new IllegalArgumentException(
            "'"
                + path
                + "' is a target of LoRA and has trainable tokens: one adapter does one of them");
      }
      if (named) {
        return e.getValue();
      }
    }
    // no target, so it was attached for its tokens
    return target || lora.targets().allLinear() ? null : ofInput;
  }

  @Override
  public LoraConfig forModel(LoraConfig config, String modelType) {
    TargetSpec t = config.targets();
    return TargetsByModel.isLeftOpen(t) && config.targetParameters().isEmpty()
        ? config.withTargets(TargetsByModel.of(LoraTuner.class, modelType, t))
        : config;
  }

  /** Returns the embeddings of which some rows are trained. */
  @Override
  public ExtraTargets extraTargets(LoraConfig config, Module root) {
    if (config.trainableTokens().isEmpty()) {
      return ExtraTargets.NONE;
    }
    List<String> names = new ArrayList<>();
    for (String key : config.trainableTokens().keySet()) {
      names.add(key.equals(LoraConfig.INPUT_EMBEDDING) ? TokenRows.inputEmbedding(root) : key);
    }
    return TokenRows.targets(names);
  }

  /** Notes, as in peft, whether the layer adapted last is stored the other way round. */
  @Override
  public LoraConfig attachedTo(LoraConfig config, Module layer) {
    return switch (layer) {
      case Linear l -> config.withFanInFanOut(false);
      case TransposedLinear l -> config.withFanInFanOut(true);
      default -> config;
    };
  }

  @Override
  public boolean tiesWeights(LoraConfig config) {
    return config.tiesWeights();
  }

  @Override
  public LoraConfig tied(LoraConfig config) {
    return config.withWeightTying();
  }

  @Override
  public LoraConfig saved(LoraConfig config, Collection<String> paths) {
    return config.withPatterns(
        SavedPatterns.of(config.rankPattern(), paths),
        SavedPatterns.of(config.alphaPattern(), paths));
  }

  @Override
  public @Nullable AdapterTraining training(
      LoraConfig config, SequencedMap<String, TunerLayer> layers) {
    return switch (config.variant()) {
      case LoraVariant.Kasa kasa -> new KasaLoss(kasa, layers);
      case LoraVariant.MonteClora _ -> new MonteCloraLoss(layers);
      case null, default -> null;
    };
  }

  @Override
  public CombinedAdapter<LoraConfig> combine(
      List<CombinationSource<LoraConfig>> sources, TargetSpec targets, Combination how) {
    return new CombinedLora(sources, targets, how);
  }

  @Override
  public List<String> unusedSettings(LoraConfig lora, Collection<String> paths) {
    List<String> unused = new ArrayList<>();
    PatternMap.of(lora.rankPattern())
        .unused(paths)
        .forEach(key -> unused.add("rank pattern '" + key + "'"));
    PatternMap.of(lora.alphaPattern())
        .unused(paths)
        .forEach(key -> unused.add("alpha pattern '" + key + "'"));
    return unused;
  }

  // ---- the file

  @Override
  public LoraConfig read(AdapterConfig file) throws IOException {
    return LoraFile.read(file);
  }

  @Override
  public ObjectNode write(LoraConfig config) {
    return LoraFile.write(config);
  }

  @Override
  public void requireSame(String path, LoraConfig present, LoraConfig file) {
    double here = present.scaleOf(path);
    double there = file.scaleOf(path);
    if (here != there) {
      throw new IllegalArgumentException(
          "the adapter in the file scales '"
              + path
              + "' by "
              + there
              + ", this model by "
              + here
              + ": r, lora_alpha, use_rslora and the patterns must agree");
    }
    same(path, "use_dora", present.dora(), file.dora());
    same(path, "the variant", present.variant(), file.variant());
    same(path, "lora_bias", present.loraBias(), file.loraBias());
    same(path, "trainable tokens", tokensOf(path, present, true), tokensOf(path, file, true));
    same(
        path,
        "the part of the weight that it starts from (init_lora_weights)",
        origin(present),
        origin(file));
  }

  /** Throws if a rank is above the sizes of the weights: it is a size of each matrix. */
  @Override
  public void requireSize(LoraConfig lora, Map<String, Shape> weights) {
    SettingChecks.ranks(lora.r(), lora.rankPattern().values(), weights);
  }

  private static void same(
      String path, String setting, @Nullable Object here, @Nullable Object there) {
    if (!Objects.equals(here, there)) {
      throw new IllegalArgumentException(
          "the adapter in the file differs for '"
              + path
              + "' in "
              + setting
              + ": "
              + there
              + ", this model has "
              + here);
    }
  }

  /**
   * What an adapter computes depends on how it started only if a part of the weight was taken off.
   */
  private static String origin(LoraConfig c) {
    return switch (c.init()) {
      case PISSA -> "PISSA " + c.pissaIterations();
      case OLORA -> "OLORA";
      default -> "none";
    };
  }
}
