package dev.peft4j.tuner.oft;

import com.google.auto.service.AutoService;
import dev.peft4j.log.Log;
import dev.peft4j.nn.Conv2d;
import dev.peft4j.nn.Embedding;
import dev.peft4j.nn.Linear;
import dev.peft4j.nn.WeightedLayer;
import dev.peft4j.tuner.SettingsFile;
import dev.peft4j.tuner.SettingsTuner;
import dev.peft4j.tuner.Tuner;
import dev.peft4j.tuner.TunerContext;
import dev.peft4j.tuner.TunerLayer;
import dev.peft4j.tuner.Weights;
import dev.peft4j.tuner.oft.OftConfig.Builder;
import java.util.List;

/**
 * Orthogonal fine-tuning (Qiu et al. 2023; Liu et al. 2025), peft's {@code OFT}: a layer computes
 * W·(x·R) + b, R being block-diagonal and each block a rotation. A block comes from a
 * skew-symmetric matrix Q of which the elements above the diagonal are trained: (I − Q)(I + Q)⁻¹,
 * or the first terms of a series of the opposite turn, (I + Q)(I − Q)⁻¹. Of an embedding the rows
 * are rotated, of a convolution the patches of its input.
 *
 * <p>The parameter is (blocks, n (n − 1) / 2) for blocks of n inputs.
 */
@AutoService(Tuner.class)
public final class OftTuner extends SettingsTuner<OftConfig, WeightedLayer> {
  /** peft's name. */
  public static final String PEFT_TYPE = "OFT";

  private static final Log LOG = Log.of(OftTuner.class);

  private static final SettingsFile<OftConfig, Builder> FILE =
      SettingsFile.of(PEFT_TYPE, OftConfig.class, OftConfig::builder)
          .integer("r", 0, 0, OftConfig::r, Builder::r)
          .integer("oft_block_size", 32, 0, OftConfig::blockSize, Builder::blockSize)
          .dropout("module_dropout", OftConfig::moduleDropout, Builder::moduleDropout)
          .flag("coft", false, OftConfig::coft, Builder::coft)
          .decimal("eps", 6e-5, OftConfig::eps, Builder::eps)
          .flag("block_share", false, OftConfig::blockShare, Builder::blockShare)
          .flag("use_cayley_neumann", true, OftConfig::useCayleyNeumann, Builder::useCayleyNeumann)
          .integer("num_cayley_neumann_terms", 5, 1, OftConfig::neumannTerms, Builder::neumannTerms)
          .flagAtStart("init_weights", true, OftConfig::initWeights, Builder::initWeights)
          .fanInFanOut()
          .bias("oft_only")
          .exclude()
          .layers();

  /** Creates it for {@link java.util.ServiceLoader}. */
  public OftTuner() {
    super(OftConfig.class, Oft.class, FILE, List.of(Linear.class, Embedding.class, Conv2d.class));
  }

  @Override
  public String modelType() {
    return "OFTModel";
  }

  @Override
  protected TunerLayer layer(
      String path, WeightedLayer layer, OftConfig config, TunerContext context) {
    int width = Weights.inputs(layer);
    boolean bySize = config.blockSize() > 0;
    int asked = bySize ? config.blockSize() : config.r();
    int given = divisor(width, asked);
    if (given != asked) {
      LOG.warn(
          "'{}' has {} inputs, which {} blocks {} do not divide: taking {}",
          path,
          width,
          bySize ? "of size" : "numbering",
          asked,
          given);
    }
    int size = bySize ? given : width / given;
    return new OftLayer(layer, config, size, width / size, context);
  }

  /** Returns the divisor of {@code width} that is nearest to a number, the lower one of two. */
  static int divisor(int width, int number) {
    if (number >= width) {
      return width;
    }
    int higher = number;
    while (width % higher != 0) {
      higher++;
    }
    int lower = number;
    while (width % lower != 0) {
      lower--;
    }
    return number - lower <= higher - number ? lower : higher;
  }
}
