package dev.peft4j.tuner.osf;

import com.fasterxml.jackson.databind.node.NullNode;
import com.google.auto.service.AutoService;
import dev.peft4j.nn.Linear;
import dev.peft4j.target.TargetSpec;
import dev.peft4j.tuner.SettingsFile;
import dev.peft4j.tuner.SettingsTuner;
import dev.peft4j.tuner.TargetsByModel;
import dev.peft4j.tuner.Tuner;
import dev.peft4j.tuner.TunerContext;
import dev.peft4j.tuner.TunerLayer;
import dev.peft4j.tuner.osf.OsfConfig.Builder;
import java.util.List;

/**
 * The smaller singular values and vectors of a weight are trained (orthogonal subspace fine-tuning,
 * 2025), peft's {@code OSF}: of W = U · S · V the largest singular triples stay, and the others are
 * replaced by U_low (out, q), S_low (q) and V_low (q, in), which are trained and start as they are.
 * Gradients of U_low and V_low are projected so that they leave the space of the largest alone.
 */
@AutoService(Tuner.class)
public final class OsfTuner extends SettingsTuner<OsfConfig, Linear> {
  /** peft's name. */
  public static final String PEFT_TYPE = "OSF";

  private static final SettingsFile<OsfConfig, Builder> FILE =
      SettingsFile.of(PEFT_TYPE, OsfConfig.class, OsfConfig::builder)
          .setting(
              "effective_rank",
              NullNode.instance,
              (file, b) ->
                  b.effectiveRank(
                      OsfRanks.read(file, "effective_rank", file.get("effective_rank"))),
              c -> OsfRanks.write(c.effectiveRank()),
              true)
          .flagAtStart("init_weights", true, OsfConfig::initWeights, Builder::initWeights)
          .setting(
              "rank_pattern",
              NullNode.instance,
              OsfRanks::readPattern,
              c -> OsfRanks.writePattern(c.rankPattern()),
              false)
          .ignored("target_svd_config", NullNode.instance);

  /** Creates it for {@link java.util.ServiceLoader}. */
  public OsfTuner() {
    super(OsfConfig.class, Osf.class, FILE, List.of(Linear.class));
  }

  /** Takes all linear layers of a kind of model that it has no targets for, as peft does. */
  @Override
  public OsfConfig forModel(OsfConfig config, String modelType) {
    OsfConfig known = super.forModel(config, modelType);
    return TargetsByModel.isLeftOpen(known.targets())
        ? known.withTargets(
            TargetSpec.builder()
                .allLinear()
                .modulesToSave(known.targets().modulesToSave().toArray(new String[0]))
                .build())
        : known;
  }

  @Override
  protected TunerLayer layer(String path, Linear layer, OsfConfig config, TunerContext context) {
    return new OsfLayer(path, layer, config, context.rng());
  }
}
