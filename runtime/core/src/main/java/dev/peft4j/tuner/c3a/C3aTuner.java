package dev.peft4j.tuner.c3a;

import com.google.auto.service.AutoService;
import dev.peft4j.nn.Linear;
import dev.peft4j.tuner.SettingsFile;
import dev.peft4j.tuner.SettingsTuner;
import dev.peft4j.tuner.Tuner;
import dev.peft4j.tuner.TunerContext;
import dev.peft4j.tuner.TunerLayer;
import dev.peft4j.tuner.c3a.C3aConfig.Builder;
import java.util.List;

/**
 * Block-circulant convolutions (Chen et al. 2024), peft's {@code C3A}: the weight gets blocks (b,
 * b), each of which is a circulant matrix of one kernel: ΔW[t, j] = w[(j - t) mod b] / in. The
 * kernels (out / b, in / b, b) are trained. Like peft, it passes on to the layer's input the
 * gradient of the blocks w[(j + t) mod b], so that layers in front of it train the same way.
 */
@AutoService(Tuner.class)
public final class C3aTuner extends SettingsTuner<C3aConfig, Linear> {
  /** peft's name. */
  public static final String PEFT_TYPE = "C3A";

  private static final SettingsFile<C3aConfig, Builder> FILE =
      SettingsFile.of(PEFT_TYPE, C3aConfig.class, C3aConfig::builder)
          .size("block_size", 256, C3aConfig::blockSize, Builder::blockSize)
          .choiceAtStart(
              "init_weights",
              C3aStart.XAVIER_UNIFORM,
              List.of("xavier_uniform", "kaiming_uniform", "gaussian", "true", "false"),
              C3aConfig::start,
              Builder::start)
          .sizePattern(
              "block_size_pattern",
              "block_size",
              C3aConfig::blockSizePattern,
              Builder::blockSizePattern)
          .bias("c3a_only")
          .layers();

  /** Creates it for {@link java.util.ServiceLoader}. */
  public C3aTuner() {
    super(C3aConfig.class, C3a.class, FILE, List.of(Linear.class));
  }

  @Override
  protected TunerLayer layer(String path, Linear layer, C3aConfig config, TunerContext context) {
    return new C3aLayer(path, layer, config, context.rng());
  }
}
