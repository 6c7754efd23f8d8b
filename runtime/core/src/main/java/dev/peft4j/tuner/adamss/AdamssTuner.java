package dev.peft4j.tuner.adamss;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.NullNode;
import com.fasterxml.jackson.databind.node.TextNode;
import com.google.auto.service.AutoService;
import dev.peft4j.io.AdapterConfig;
import dev.peft4j.nn.Linear;
import dev.peft4j.tuner.AdapterTraining;
import dev.peft4j.tuner.SettingsFile;
import dev.peft4j.tuner.SettingsTuner;
import dev.peft4j.tuner.Tuner;
import dev.peft4j.tuner.TunerContext;
import dev.peft4j.tuner.TunerLayer;
import dev.peft4j.tuner.adamss.AdamssConfig.Builder;
import java.io.IOException;
import java.util.List;
import java.util.SequencedMap;
import org.jspecify.annotations.Nullable;

/**
 * Low-rank changes of clusters of a weight's rows (AdaMSS), peft's {@code ADAMSS}: the rows of
 * cluster c of [W | b], the weight with the bias as its last column, get B_c · A_c · N. N (r, in +
 * 1) holds leading right singular vectors of [W | b] and is frozen; the rows are clustered by their
 * left ones. A_c and B_c are trained, and B_c starts at zero. The file does not hold the clusters:
 * they are found again from the base's weight.
 */
@AutoService(Tuner.class)
public final class AdamssTuner extends SettingsTuner<AdamssConfig, Linear> {
  /** peft's name. */
  public static final String PEFT_TYPE = "ADAMSS";

  private static final SettingsFile<AdamssConfig, Builder> FILE =
      SettingsFile.of(PEFT_TYPE, AdamssConfig.class, AdamssConfig::builder)
          .size("r", 100, AdamssConfig::r, Builder::r)
          .integer("num_subspaces", 5, 1, AdamssConfig::subspaces, Builder::subspaces)
          .integer("subspace_rank", 1, 1, AdamssConfig::subspaceRank, Builder::subspaceRank)
          .setting(
              "init_weights",
              TextNode.valueOf("orthogonal"),
              (file, b) -> b.orthogonal(starts(file)),
              c -> c.orthogonal() ? TextNode.valueOf("orthogonal") : NullNode.instance,
              false)
          .flag("use_dynamic_rank", false, AdamssConfig::dynamicRank, Builder::dynamicRank)
          .decimal("svd_threshold", 0.1, AdamssConfig::svdThreshold, Builder::svdThreshold)
          .integer("random_seed", 0, 0, AdamssConfig::seed, Builder::seed)
          .flagAtStart("use_asa", false, AdamssConfig::useAsa, Builder::useAsa)
          .integerAtStart(
              "asa_target_subspaces",
              50,
              1,
              AdamssConfig::asaTargetSubspaces,
              Builder::asaTargetSubspaces)
          .integerAtStart("init_warmup", 50, 0, AdamssConfig::initWarmup, Builder::initWarmup)
          .integerAtStart("final_warmup", 1000, 0, AdamssConfig::finalWarmup, Builder::finalWarmup)
          .integerAtStart(
              "mask_interval", 100, 1, AdamssConfig::maskInterval, Builder::maskInterval)
          .decimalAtStart(
              "asa_importance_beta",
              0.85,
              AdamssConfig::asaImportanceBeta,
              Builder::asaImportanceBeta)
          .decimalAtStart(
              "asa_uncertainty_beta",
              0.85,
              AdamssConfig::asaUncertaintyBeta,
              Builder::asaUncertaintyBeta)
          .decimalAtStart(
              "asa_schedule_exponent",
              3,
              AdamssConfig::asaScheduleExponent,
              Builder::asaScheduleExponent)
          .layers();

  /** Creates it for {@link java.util.ServiceLoader}. */
  public AdamssTuner() {
    super(AdamssConfig.class, Adamss.class, FILE, List.of(Linear.class));
  }

  @Override
  protected TunerLayer layer(String path, Linear layer, AdamssConfig config, TunerContext context) {
    return new AdamssLayer(layer, config, context.rng());
  }

  @Override
  public @Nullable AdapterTraining training(
      AdamssConfig config, SequencedMap<String, TunerLayer> layers) {
    return config.useAsa() ? new SubspaceAllocation(config, layers) : null;
  }

  private static boolean starts(AdapterConfig file) throws IOException {
    JsonNode found = file.get("init_weights");
    if (found.isNull()) {
      return false;
    }
    if (!found.isMissingNode() && !found.asText().equals("orthogonal")) {
      throw file.wrong("init_weights", found, "\"orthogonal\" or null");
    }
    return true;
  }
}
