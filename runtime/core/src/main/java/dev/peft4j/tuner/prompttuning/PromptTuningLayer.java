package dev.peft4j.tuner.prompttuning;

import dev.peft4j.data.Rng;
import dev.peft4j.nn.ModelSlots;
import dev.peft4j.nn.Parameter;
import dev.peft4j.tensor.Tensor;
import dev.peft4j.tuner.prompt.PromptLayer;
import dev.peft4j.tuner.prompt.PromptTokenizer;
import java.util.List;
import java.util.Objects;

/** {@link PromptTuningTuner} in a model. */
final class PromptTuningLayer extends PromptLayer {
  private final Parameter table;

  PromptTuningLayer(ModelSlots model, PromptTuningConfig config, Rng rng) {
    int tokens = config.virtual().tokens();
    int width = config.virtual().width();
    this.table =
        config.virtual().inference() || config.start() == PromptStart.RANDOM
            ? new Parameter(rng.normal(tokens * width, 0, 1), tokens, width)
            : new Parameter(
                model.embed(Tensor.of(ids(model, config, rng), tokens)).toFloats(), tokens, width);
  }

  /** The words that virtual tokens start as. */
  private static int[] ids(ModelSlots model, PromptTuningConfig config, Rng rng) {
    int[] ids = new int[config.virtual().tokens()];
    if (config.start() == PromptStart.SAMPLE_VOCAB) {
      int vocabulary = model.sizes().vocabulary();
      for (int i = 0; i < ids.length; i++) {
        ids[i] = (int) (rng.nextDouble() * vocabulary);
      }
      return ids;
    }
    String base = Objects.requireNonNullElse(config.baseModel(), "");
    int[] text =
        PromptTokenizer.of(
            config.tokenizer().isEmpty() ? base : config.tokenizer(), config.initText());
    for (int i = 0; i < ids.length; i++) {
      ids[i] = text[i % text.length];
    }
    return ids;
  }

  @Override
  protected Tensor rows(int batch) {
    return table;
  }

  @Override
  public List<Entry> parameters() {
    return List.of(entry("embedding.weight", table));
  }
}
