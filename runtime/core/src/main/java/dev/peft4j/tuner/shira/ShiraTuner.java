package dev.peft4j.tuner.shira;

import com.fasterxml.jackson.databind.node.TextNode;
import com.google.auto.service.AutoService;
import dev.peft4j.nn.Linear;
import dev.peft4j.tuner.SettingsFile;
import dev.peft4j.tuner.SettingsTuner;
import dev.peft4j.tuner.Tuner;
import dev.peft4j.tuner.TunerContext;
import dev.peft4j.tuner.TunerLayer;
import dev.peft4j.tuner.shira.ShiraConfig.Builder;
import java.util.List;

/**
 * Sparse high-rank adapters (Bhardwaj et al. 2024), peft's {@code SHIRA}: the weight gets r · (in +
 * out) numbers at places that torch's generator draws; as many as LoRA of rank r has. The numbers
 * are trained and start at zero; the file holds the places, too.
 */
@AutoService(Tuner.class)
public final class ShiraTuner extends SettingsTuner<ShiraConfig, Linear> {
  /** peft's name. */
  public static final String PEFT_TYPE = "SHIRA";

  private static final SettingsFile<ShiraConfig, Builder> FILE =
      SettingsFile.of(PEFT_TYPE, ShiraConfig.class, ShiraConfig::builder)
          .integer("r", 32, 1, ShiraConfig::r, Builder::r)
          .optionalSeed("random_seed", ShiraConfig::seed, Builder::seed)
          .flagAtStart("init_weights", true, ShiraConfig::initWeights, Builder::initWeights)
          .only("mask_type", TextNode.valueOf("random"))
          .fanInFanOut();

  /** Creates it for {@link java.util.ServiceLoader}. */
  public ShiraTuner() {
    super(ShiraConfig.class, Shira.class, FILE, List.of(Linear.class));
  }

  @Override
  protected TunerLayer layer(String path, Linear layer, ShiraConfig config, TunerContext context) {
    return new ShiraLayer(path, layer, config, context.rng());
  }
}
