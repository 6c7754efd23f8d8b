package dev.peft4j.tuner.boft;

import com.google.auto.service.AutoService;
import dev.peft4j.nn.Conv2d;
import dev.peft4j.nn.Linear;
import dev.peft4j.nn.WeightedLayer;
import dev.peft4j.tuner.SettingsFile;
import dev.peft4j.tuner.SettingsTuner;
import dev.peft4j.tuner.Tuner;
import dev.peft4j.tuner.TunerContext;
import dev.peft4j.tuner.TunerLayer;
import dev.peft4j.tuner.Weights;
import dev.peft4j.tuner.boft.BoftConfig.Builder;
import java.util.List;

/**
 * Orthogonal fine-tuning with butterflies (Liu et al. 2023), peft's {@code BOFT}: a layer computes
 * s ⊙ W·(x·Π) + b. Π is a product of factors; each rotates blocks of n inputs, taken in an order
 * that mixes blocks ever further apart. A block's rotation is (I − S)(I + S)⁻¹ with S = ½(R − Rᵀ).
 *
 * <table>
 *   <caption>Shapes</caption>
 *   <tr><td>R</td><td>(factors, blocks, n, n)</td></tr>
 *   <tr><td>s</td><td>(out, 1), of Conv2d (1, out)</td></tr>
 * </table>
 *
 * <p>peft does without the factors but the first on a machine without CUDA; here they are
 * everywhere.
 */
@AutoService(Tuner.class)
public final class BoftTuner extends SettingsTuner<BoftConfig, WeightedLayer> {
  /** peft's name. */
  public static final String PEFT_TYPE = "BOFT";

  private static final SettingsFile<BoftConfig, Builder> FILE =
      SettingsFile.of(PEFT_TYPE, BoftConfig.class, BoftConfig::builder)
          .integer("boft_block_size", 4, 0, BoftConfig::blockSize, Builder::blockSize)
          .integer("boft_block_num", 0, 0, BoftConfig::blocks, Builder::blocks)
          .integer("boft_n_butterfly_factor", 1, 1, BoftConfig::factors, Builder::factors)
          .dropout("boft_dropout", BoftConfig::dropout, Builder::dropout)
          .flagAtStart("init_weights", true, BoftConfig::initWeights, Builder::initWeights)
          .fanInFanOut()
          .bias("boft_only")
          .exclude()
          .layers();

  /** Creates it for {@link java.util.ServiceLoader}. */
  public BoftTuner() {
    super(BoftConfig.class, Boft.class, FILE, List.of(Linear.class, Conv2d.class));
  }

  @Override
  public String modelType() {
    return "BOFTModel";
  }

  @Override
  protected TunerLayer layer(
      String path, WeightedLayer layer, BoftConfig config, TunerContext context) {
    int width = Weights.inputs(layer);
    boolean bySize = config.blockSize() > 0;
    int given = bySize ? config.blockSize() : config.blocks();
    if (width % given != 0) {
      throw new IllegalArgumentException(
          (bySize ? "block size " : "number of blocks ")
              + given
              + " does not divide the "
              + width
              + " inputs of '"
              + path
              + "'");
    }
    int size = bySize ? given : width / given;
    int blocks = width / size;
    int run = 1 << (config.factors() - 1);
    if (config.factors() > 1 && (blocks % run != 0 || blocks % 2 != 0 || size % 2 != 0)) {
      throw new IllegalArgumentException(
          config.factors()
              + " butterfly factors need a multiple of "
              + Math.max(2, run)
              + " blocks of an even size; '"
              + path
              + "' has "
              + blocks
              + " of size "
              + size);
    }
    return new BoftLayer(layer, config, size, blocks, context.rng());
  }
}
