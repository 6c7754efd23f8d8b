package dev.peft4j.tuner.psoft;

import com.google.auto.service.AutoService;
import dev.peft4j.nn.Linear;
import dev.peft4j.tuner.SettingsFile;
import dev.peft4j.tuner.SettingsTuner;
import dev.peft4j.tuner.Tuner;
import dev.peft4j.tuner.TunerContext;
import dev.peft4j.tuner.TunerLayer;
import dev.peft4j.tuner.psoft.PsoftConfig.Builder;
import java.util.List;

/**
 * Orthogonal fine-tuning in the principal subspace, peft's {@code PSOFT}: a layer computes W·x + b
 * + s·B·(R − I)·A·x with s = alpha / r, where B·A are the r largest singular values and vectors of
 * W over s, frozen and not saved. R = diag(v)·O·diag(u), O being the rotation (I + Q)(I − Q)⁻¹ of a
 * skew-symmetric Q, the first terms of its series, or a free matrix.
 *
 * <p>R is (r (r − 1) / 2), free (r, r); u and v are (r).
 */
@AutoService(Tuner.class)
public final class PsoftTuner extends SettingsTuner<PsoftConfig, Linear> {
  /** peft's name. */
  public static final String PEFT_TYPE = "PSOFT";

  private static final SettingsFile<PsoftConfig, Builder> FILE =
      SettingsFile.of(PEFT_TYPE, PsoftConfig.class, PsoftConfig::builder)
          .size("r", 32, PsoftConfig::r, Builder::r)
          .number("psoft_alpha", 32, PsoftConfig::alpha, Builder::alpha)
          .dropout("psoft_dropout", PsoftConfig::dropout, Builder::dropout)
          .choice(
              "ab_svd_init",
              PsoftShare.PSOFT,
              List.of("psoft_init", "pissa_init"),
              PsoftConfig::share,
              Builder::share)
          .choice(
              "psoft_svd",
              PsoftSvd.FULL,
              List.of("full", "lowrank"),
              PsoftConfig::svd,
              Builder::svd)
          .integer("psoft_svd_lowrank_niter", 10, 0, PsoftConfig::iterations, Builder::iterations)
          .integer("random_seed", 0, 0, PsoftConfig::seed, Builder::seed)
          .flag("psoft_orth", true, PsoftConfig::orth, Builder::orth)
          .flag("psoft_mag_b", true, PsoftConfig::magB, Builder::magB)
          .flag("psoft_mag_a", true, PsoftConfig::magA, Builder::magA)
          .flag(
              "use_cayley_neumann", false, PsoftConfig::useCayleyNeumann, Builder::useCayleyNeumann)
          .integer(
              "num_cayley_neumann_terms", 5, 1, PsoftConfig::neumannTerms, Builder::neumannTerms)
          .optionalNumber("cayley_neumann_eps", PsoftConfig::neumannEps, Builder::neumannEps)
          .flagAtStart("init_weights", true, PsoftConfig::initWeights, Builder::initWeights)
          .fanInFanOut()
          .exclude()
          .layers();

  /** Creates it for {@link java.util.ServiceLoader}. */
  public PsoftTuner() {
    super(PsoftConfig.class, Psoft.class, FILE, List.of(Linear.class));
  }

  @Override
  protected TunerLayer layer(String path, Linear layer, PsoftConfig config, TunerContext context) {
    return new PsoftLayer(path, layer, config, context.rng());
  }
}
