package dev.peft4j.tuner.adaptionprompt;

import dev.peft4j.data.Rng;
import dev.peft4j.nn.AttentionSlot;
import dev.peft4j.nn.Initial;
import dev.peft4j.nn.ModelSlots;
import dev.peft4j.nn.Parameter;
import dev.peft4j.op.Attention;
import dev.peft4j.tensor.Tensor;
import dev.peft4j.tuner.TunerLayer;
import java.util.List;
import java.util.Map;
import java.util.function.UnaryOperator;

/** {@link AdaptionPromptTuner} in the attention of one layer. */
final class AdaptionPromptLayer implements TunerLayer {
  private static final String PREFIX = "base_model.model.";

  private final String path;
  private final AttentionSlot slot;
  private final boolean projects;
  private final Parameter prompt;
  private final Parameter gate;
  private final Attention attention;

  /**
   * Creates it.
   *
   * @param projects whether what is attended to goes through the attention's output layer
   */
  AdaptionPromptLayer(String path, AttentionSlot slot, int length, boolean projects, Rng rng) {
    this.path = path;
    this.slot = slot;
    this.projects = projects;
    ModelSlots.Sizes sizes = slot.model().sizes();
    this.prompt = Initial.normal(rng, 1, 1, length, sizes.hidden());
    this.gate = Initial.constant(0, 1);
    this.attention =
        new Attention(
            sizes.heads(), sizes.kvHeads(), false, (float) (1 / Math.sqrt(sizes.headDim())));
  }

  @Override
  public Tensor forward(Tensor queries, UnaryOperator<Tensor> base) {
    Tensor result = base.apply(queries);
    int rows = queries.dim(0);
    Tensor keys = slot.parts().keys(prompt);
    Tensor values = slot.parts().values(prompt);
    Tensor attended =
        Tensor.attention(
                queries,
                keys.expand(rows, keys.dim(1), keys.dim(2)),
                values.expand(rows, values.dim(1), values.dim(2)),
                null,
                null,
                attention)
            .mul(gate);
    return result.add(projects ? slot.parts().output(attended) : attended);
  }

  @Override
  public List<Entry> parameters() {
    return List.of(new Entry("adaption_prompt", "", prompt), new Entry("adaption_gate", "", gate));
  }

  /** Returns the name without the adapter's, which peft leaves out. */
  @Override
  public String inMemory(Entry entry, String adapter) {
    return PREFIX + path + "." + entry.group();
  }

  @Override
  public String childPrefix() {
    return "model";
  }

  /** Throws: there is no weight that a prompt could become a part of. */
  @Override
  public Map<Parameter, Tensor> merged() {
    throw new IllegalStateException(
        "the prompt of '" + path + "' is no part of any weight, so the adapter cannot be merged");
  }
}
