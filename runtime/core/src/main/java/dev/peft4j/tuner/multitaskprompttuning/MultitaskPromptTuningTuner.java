package dev.peft4j.tuner.multitaskprompttuning;

import com.fasterxml.jackson.databind.node.NullNode;
import com.google.auto.service.AutoService;
import dev.peft4j.nn.ModelSlot;
import dev.peft4j.tuner.CallInputs;
import dev.peft4j.tuner.SettingsFile;
import dev.peft4j.tuner.Tuner;
import dev.peft4j.tuner.TunerContext;
import dev.peft4j.tuner.TunerLayer;
import dev.peft4j.tuner.multitaskprompttuning.MultitaskPromptTuningConfig.Builder;
import dev.peft4j.tuner.prompt.PromptTuner;
import java.util.List;
import java.util.Set;

/**
 * Multitask prompt tuning (Wang et al. 2023), peft's {@code MULTITASK_PROMPT_TUNING}: virtual
 * tokens P that tasks share stand in front of the embeddings of each text, multiplied element by
 * element by a matrix of low rank of the text's task: P ⊙ (C·R). A call says which task each row
 * belongs to: {@code CallInputs.with("task_ids", ids, body)}, see {@link CallInputs}.
 *
 * <table>
 *   <caption>Shapes</caption>
 *   <tr><td>P</td><td>(virtual tokens, hidden)</td></tr>
 *   <tr><td>C</td><td>(tasks, virtual tokens, ranks)</td></tr>
 *   <tr><td>R</td><td>(tasks, ranks, hidden)</td></tr>
 * </table>
 */
@AutoService(Tuner.class)
public final class MultitaskPromptTuningTuner extends PromptTuner<MultitaskPromptTuningConfig> {
  /** peft's name. */
  public static final String PEFT_TYPE = "MULTITASK_PROMPT_TUNING";

  private static final SettingsFile<MultitaskPromptTuningConfig, Builder> FILE =
      file(
          SettingsFile.of(
                  PEFT_TYPE,
                  MultitaskPromptTuningConfig.class,
                  MultitaskPromptTuningConfig::builder)
              .integer("num_tasks", 1, 1, MultitaskPromptTuningConfig::tasks, Builder::tasks)
              .integer("num_ranks", 1, 1, MultitaskPromptTuningConfig::ranks, Builder::ranks)
              .choiceAtStart(
                  "prompt_tuning_init",
                  MultitaskStart.RANDOM,
                  List.of(
                      "TEXT",
                      "RANDOM",
                      "AVERAGE_SOURCE_TASKS",
                      "EXACT_SOURCE_TASK",
                      "ONLY_SOURCE_SHARED"),
                  MultitaskPromptTuningConfig::start,
                  Builder::start)
              .optionalText(
                  "prompt_tuning_init_text",
                  MultitaskPromptTuningConfig::initText,
                  Builder::initText)
              .optionalText(
                  "tokenizer_name_or_path",
                  MultitaskPromptTuningConfig::tokenizer,
                  Builder::tokenizer)
              .optionalText(
                  "prompt_tuning_init_state_dict_path",
                  MultitaskPromptTuningConfig::source,
                  Builder::source)
              .integerAtStart(
                  "prompt_tuning_init_task",
                  0,
                  0,
                  MultitaskPromptTuningConfig::sourceTask,
                  Builder::sourceTask)
              .ignored("tokenizer_kwargs", NullNode.instance));

  /** Creates it for {@link java.util.ServiceLoader}. */
  public MultitaskPromptTuningTuner() {
    super(
        MultitaskPromptTuningConfig.class,
        MultitaskPromptTuning.class,
        FILE,
        Set.of(ModelSlot.Kind.INPUTS));
  }

  @Override
  protected TunerLayer layer(
      ModelSlot slot, MultitaskPromptTuningConfig config, TunerContext context) {
    return new MultitaskLayer(slot.model(), config, context.rng());
  }
}
