package dev.peft4j.tuner.road;

import com.google.auto.service.AutoService;
import dev.peft4j.nn.Linear;
import dev.peft4j.tuner.SettingsFile;
import dev.peft4j.tuner.SettingsTuner;
import dev.peft4j.tuner.Tuner;
import dev.peft4j.tuner.TunerContext;
import dev.peft4j.tuner.TunerLayer;
import dev.peft4j.tuner.road.RoadConfig.Builder;
import java.util.List;

/**
 * Rotation of outputs in pairs (Liao and Monz 2024), peft's {@code ROAD}: in each group of g
 * outputs number k is rotated with number k + g / 2, and scaled: y'ₖ = cₖ·yₖ − sₖ·yₖ₊ₕ and y'ₖ₊ₕ =
 * cₖ₊ₕ·yₖ₊ₕ + sₖ₊ₕ·yₖ, with c = α·cos θ and s = α·sin θ. θ and α have out / 2 elements with {@link
 * RoadVariant#ROAD_1}, out with {@code ROAD_2} and 2 · out with {@code ROAD_4}, of each group first
 * those of the cosines.
 */
@AutoService(Tuner.class)
public final class RoadTuner extends SettingsTuner<RoadConfig, Linear> {
  /** peft's name. */
  public static final String PEFT_TYPE = "ROAD";

  private static final SettingsFile<RoadConfig, Builder> FILE =
      SettingsFile.of(PEFT_TYPE, RoadConfig.class, RoadConfig::builder)
          .choice(
              "variant",
              RoadVariant.ROAD_1,
              List.of("road_1", "road_2", "road_4"),
              RoadConfig::variant,
              Builder::variant)
          .integer("group_size", 64, 2, RoadConfig::groupSize, Builder::groupSize)
          .flagAtStart("init_weights", true, RoadConfig::initWeights, Builder::initWeights);

  /** Creates it for {@link java.util.ServiceLoader}. */
  public RoadTuner() {
    super(RoadConfig.class, Road.class, FILE, List.of(Linear.class));
  }

  @Override
  protected TunerLayer layer(String path, Linear layer, RoadConfig config, TunerContext context) {
    return new RoadLayer(path, layer, config, context.rng());
  }
}
