package dev.peft4j.tuner.ptuning;

import dev.peft4j.data.Rng;
import dev.peft4j.nn.Linear;
import dev.peft4j.nn.Lstm;
import dev.peft4j.nn.ModelSlots;
import dev.peft4j.nn.Parameter;
import dev.peft4j.tensor.Tensor;
import dev.peft4j.tuner.AdapterDropout;
import dev.peft4j.tuner.prompt.PromptEntries;
import dev.peft4j.tuner.prompt.PromptLayer;
import dev.peft4j.tuner.prompt.VirtualTokens;
import dev.peft4j.tuner.prompt.WordRows;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** {@link PTuningTuner} in a model. */
final class PTuningLayer extends PromptLayer {
  private final Parameter embedding;
  private final boolean computed;
  private final List<Lstm> lstm = new ArrayList<>();
  private final List<Linear> mlp = new ArrayList<>();
  private final AdapterDropout dropout;

  PTuningLayer(ModelSlots model, PTuningConfig config, Rng rng) {
    super(config.virtual().tokens());
    VirtualTokens v = config.virtual();
    this.embedding = WordRows.random(v.tokens(), v.width(), rng);
    this.computed = !v.inference();
    this.dropout = new AdapterDropout(model.owner(), config.encoderDropout(), rng);
    if (computed) {
      Rng.with(
          rng,
          () -> {
            add(config, v.width(), config.encoderHiddenSize());
            return 0;
          });
    }
  }

  private void add(PTuningConfig config, int width, int hidden) {
    if (config.encoder() == PromptEncoderType.MLP) {
      mlp.add(new Linear(width, hidden));
      mlp.add(new Linear(hidden, hidden));
      mlp.add(new Linear(hidden, width));
      return;
    }
    for (int i = 0; i < config.encoderLayers(); i++) {
      lstm.add(new Lstm(i == 0 ? width : 2 * hidden, hidden, 1, true));
    }
    mlp.add(new Linear(2 * hidden, 2 * hidden));
    mlp.add(new Linear(2 * hidden, width));
  }

  @Override
  protected Tensor rows(int batch) {
    Tensor x = embedding;
    for (int i = 0; i < lstm.size(); i++) {
      Tensor in = i == 0 ? x.reshape(1, x.dim(0), x.dim(1)) : dropout.apply(x);
      x = lstm.get(i).forward(in).output();
    }
    for (int i = 0; i < mlp.size(); i++) {
      x = mlp.get(i).forward(i == 0 ? x : x.relu());
    }
    return x.reshape(embedding.shape().dim(0), -1);
  }

  @Override
  protected @Nullable Tensor product() {
    return computed ? rows(1) : null;
  }

  @Override
  public List<Entry> parameters() {
    List<Entry> all = new ArrayList<>(List.of(entry("embedding.weight", embedding)));
    for (int i = 0; i < lstm.size(); i++) {
      String layer = "_l" + i;
      lstm.get(i)
          .ownParameters()
          .forEach((name, p) -> all.add(entry("lstm_head." + name.replace("_l0", layer), p)));
    }
    for (int i = 0; i < mlp.size(); i++) {
      all.addAll(PromptEntries.of("mlp_head." + 2 * i, mlp.get(i)));
    }
    return all;
  }

  @Override
  public List<Rng> generators() {
    return dropout.generators();
  }
}
