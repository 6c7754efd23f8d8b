package dev.peft4j.tuner.prompttuning;

import dev.peft4j.data.Rng;
import dev.peft4j.nn.ModelSlots;
import dev.peft4j.nn.Parameter;
import dev.peft4j.tensor.Tensor;
import dev.peft4j.tuner.prompt.PromptLayer;
import dev.peft4j.tuner.prompt.WordRows;
import java.util.List;
import java.util.Objects;

/** {@link PromptTuningTuner} in a model. */
final class PromptTuningLayer extends PromptLayer {
  private final Parameter table;

  PromptTuningLayer(ModelSlots model, PromptTuningConfig config, Rng rng) {
    super(config.virtual().tokens());
    int tokens = config.virtual().tokens();
    PromptStart start = config.virtual().inference() ? PromptStart.RANDOM : config.start();
    this.table =
        switch (start) {
          case RANDOM -> WordRows.random(tokens, config.virtual().width(), rng);
          case SAMPLE_VOCAB -> WordRows.drawn(model, tokens, rng);
          case TEXT -> WordRows.ofText(model, tokens, tokenizer(config), config.initText());
        };
  }

  private static String tokenizer(PromptTuningConfig config) {
    return config.tokenizer().isEmpty()
        ? Objects.requireNonNullElse(config.baseModel(), "")
        : config.tokenizer();
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
