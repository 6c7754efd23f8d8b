package dev.peft4j.tuner.poly;

import com.fasterxml.jackson.databind.node.TextNode;
import com.google.auto.service.AutoService;
import dev.peft4j.nn.Linear;
import dev.peft4j.tuner.CallInputs;
import dev.peft4j.tuner.SettingsFile;
import dev.peft4j.tuner.SettingsTuner;
import dev.peft4j.tuner.Tuner;
import dev.peft4j.tuner.TunerContext;
import dev.peft4j.tuner.TunerLayer;
import dev.peft4j.tuner.poly.PolyConfig.Builder;
import java.util.List;

/**
 * Polytropon (Ponti et al. 2022), peft's {@code POLY}: a layer has several adapters, skills, and
 * each task mixes them: W·x + b + x·A·B / r, A and B being sums of the skills' by the task's
 * shares. In training the shares are random, between 0 and 1 and mostly near one of them. A call
 * says which task each row belongs to: {@code CallInputs.with("task_ids", ids, body)}, see {@link
 * CallInputs}.
 *
 * <table>
 *   <caption>Shapes</caption>
 *   <tr><td>A</td><td>(splits, skills, in / splits, r)</td></tr>
 *   <tr><td>B</td><td>(splits, skills, r, out / splits)</td></tr>
 *   <tr><td>logits of the shares</td><td>(tasks, splits · skills)</td></tr>
 * </table>
 *
 * <p>It takes inputs (rows, tokens, features) and cannot be merged.
 */
@AutoService(Tuner.class)
public final class PolyTuner extends SettingsTuner<PolyConfig, Linear> {
  /** peft's name. */
  public static final String PEFT_TYPE = "POLY";

  private static final SettingsFile<PolyConfig, Builder> FILE =
      SettingsFile.of(PEFT_TYPE, PolyConfig.class, PolyConfig::builder)
          .size("r", 8, PolyConfig::r, Builder::r)
          .only("poly_type", TextNode.valueOf("poly"))
          .integer("n_tasks", 1, 1, PolyConfig::tasks, Builder::tasks)
          .integer("n_skills", 4, 1, PolyConfig::skills, Builder::skills)
          .integer("n_splits", 1, 1, PolyConfig::splits, Builder::splits)
          .flagAtStart("init_weights", true, PolyConfig::initWeights, Builder::initWeights)
          .exclude();

  /** Creates it for {@link java.util.ServiceLoader}. */
  public PolyTuner() {
    super(PolyConfig.class, Poly.class, FILE, List.of(Linear.class));
  }

  @Override
  protected TunerLayer layer(String path, Linear layer, PolyConfig config, TunerContext context) {
    return new PolyLayer(path, layer, config, context.rng());
  }
}
