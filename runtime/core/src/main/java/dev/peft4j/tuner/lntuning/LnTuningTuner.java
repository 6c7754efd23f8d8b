package dev.peft4j.tuner.lntuning;

import com.google.auto.service.AutoService;
import dev.peft4j.nn.Conv1d;
import dev.peft4j.nn.Conv2d;
import dev.peft4j.nn.Embedding;
import dev.peft4j.nn.LayerNorm;
import dev.peft4j.nn.Linear;
import dev.peft4j.nn.Module;
import dev.peft4j.nn.RmsNorm;
import dev.peft4j.nn.TransposedLinear;
import dev.peft4j.nn.WeightedLayer;
import dev.peft4j.tuner.SettingsFile;
import dev.peft4j.tuner.SettingsTuner;
import dev.peft4j.tuner.Tuner;
import dev.peft4j.tuner.TunerContext;
import dev.peft4j.tuner.TunerLayer;
import dev.peft4j.tuner.lntuning.LnTuningConfig.Builder;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Tuning of norms (Zhao et al. 2023), peft's {@code LN_TUNING}: a layer computes with copies of its
 * weight and bias, which are trained. It is meant for norms and works for any layer.
 */
@AutoService(Tuner.class)
public final class LnTuningTuner extends SettingsTuner<LnTuningConfig, WeightedLayer> {
  /** peft's name. */
  public static final String PEFT_TYPE = "LN_TUNING";

  private static final SettingsFile<LnTuningConfig, Builder> FILE =
      SettingsFile.of(PEFT_TYPE, LnTuningConfig.class, LnTuningConfig::builder).exclude();

  /** Creates it for {@link java.util.ServiceLoader}. */
  public LnTuningTuner() {
    super(
        LnTuningConfig.class,
        LnTuning.class,
        FILE,
        List.of(
            LayerNorm.class,
            RmsNorm.class,
            Linear.class,
            TransposedLinear.class,
            Embedding.class,
            Conv1d.class,
            Conv2d.class));
  }

  @Override
  public String modelType() {
    return "LNTuningModel";
  }

  @Override
  protected TunerLayer layer(
      String path, WeightedLayer layer, LnTuningConfig config, TunerContext context) {
    return new LnTuningLayer(layer);
  }

  @Override
  protected @Nullable WeightedLayer adapted(Module module) {
    return module instanceof WeightedLayer layer ? layer : null; // of any type
  }
}
