package dev.peft4j.tuner.prefixtuning;

import dev.peft4j.data.Rng;
import dev.peft4j.nn.Initial;
import dev.peft4j.nn.Linear;
import dev.peft4j.nn.Parameter;
import dev.peft4j.tensor.Tensor;
import dev.peft4j.tuner.TunerLayer.Entry;
import dev.peft4j.tuner.prompt.PrefixLayer;
import dev.peft4j.tuner.prompt.PromptEntries;
import dev.peft4j.tuner.prompt.VirtualTokens;
import dev.peft4j.tuner.prompt.WordRows;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Keys and values of all layers, or what they are computed from. */
final class PrefixTable implements PrefixLayer.Table {
  private final Parameter embedding;
  private final @Nullable Linear first;
  private final @Nullable Linear second;

  PrefixTable(PrefixTuningConfig config, Rng rng) {
    VirtualTokens v = config.virtual();
    int all = 2 * v.layers() * v.width();
    if (!config.projection() || v.inference()) {
      this.first = null;
      this.second = null;
      this.embedding =
          config.zeroStart()
              ? Initial.constant(0, v.tokens(), all)
              : WordRows.random(v.tokens(), all, rng);
      return;
    }
    int hidden = config.encoderHiddenSize();
    this.embedding = WordRows.random(v.tokens(), v.width(), rng);
    this.first = Rng.with(rng, () -> new Linear(v.width(), hidden));
    this.second =
        config.zeroStart()
            ? new Linear(Initial.constant(0, all, hidden), Initial.constant(0, all))
            : Rng.with(rng, () -> new Linear(hidden, all));
  }

  @Override
  public Tensor all() {
    return first == null || second == null
        ? embedding
        : second.forward(first.forward(embedding).tanh());
  }

  @Override
  public boolean isComputed() {
    return first != null;
  }

  @Override
  public List<Entry> entries() {
    List<Entry> all = new ArrayList<>(List.of(PromptEntries.of("embedding.weight", embedding)));
    if (first != null && second != null) {
      all.addAll(PromptEntries.of("transform.0", first));
      all.addAll(PromptEntries.of("transform.2", second));
    }
    return all;
  }
}
