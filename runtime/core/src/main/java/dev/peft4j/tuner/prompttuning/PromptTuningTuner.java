package dev.peft4j.tuner.prompttuning;

import com.fasterxml.jackson.databind.node.NullNode;
import com.google.auto.service.AutoService;
import dev.peft4j.nn.ModelSlot;
import dev.peft4j.tuner.SettingsFile;
import dev.peft4j.tuner.Tuner;
import dev.peft4j.tuner.TunerContext;
import dev.peft4j.tuner.TunerLayer;
import dev.peft4j.tuner.prompt.PromptTuner;
import dev.peft4j.tuner.prompttuning.PromptTuningConfig.Builder;
import java.util.List;
import java.util.Set;

/**
 * Prompt tuning (Lester et al. 2021), peft's {@code PROMPT_TUNING}: virtual tokens, whose
 * embeddings are trained, stand in front of the embeddings of each text. Positions count them, no
 * label is theirs, and nothing else of the model changes. The parameter is (virtual tokens,
 * hidden).
 */
@AutoService(Tuner.class)
public final class PromptTuningTuner extends PromptTuner<PromptTuningConfig> {
  /** peft's name. */
  public static final String PEFT_TYPE = "PROMPT_TUNING";

  private static final SettingsFile<PromptTuningConfig, Builder> FILE =
      file(
          SettingsFile.of(PEFT_TYPE, PromptTuningConfig.class, PromptTuningConfig::builder)
              .choiceAtStart(
                  "prompt_tuning_init",
                  PromptStart.RANDOM,
                  List.of("RANDOM", "SAMPLE_VOCAB", "TEXT"),
                  PromptTuningConfig::start,
                  Builder::start)
              .optionalText(
                  "prompt_tuning_init_text", PromptTuningConfig::initText, Builder::initText)
              .optionalText(
                  "tokenizer_name_or_path", PromptTuningConfig::tokenizer, Builder::tokenizer)
              .ignored("tokenizer_kwargs", NullNode.instance));

  /** Creates it for {@link java.util.ServiceLoader}. */
  public PromptTuningTuner() {
    super(PromptTuningConfig.class, PromptTuning.class, FILE, Set.of(ModelSlot.Kind.INPUTS));
  }

  @Override
  protected TunerLayer layer(ModelSlot slot, PromptTuningConfig config, TunerContext context) {
    return new PromptTuningLayer(slot.model(), config, context.rng());
  }
}
