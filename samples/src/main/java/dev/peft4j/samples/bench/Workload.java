package dev.peft4j.samples.bench;

import dev.peft4j.data.Rng;
import dev.peft4j.nn.Linear;
import dev.peft4j.nn.Module;
import dev.peft4j.nn.Parameter;
import dev.peft4j.tensor.Tensor;
import dev.peft4j.transformers.BertForSequenceClassification;
import dev.peft4j.transformers.EncoderConfig;
import dev.peft4j.tuner.PeftModel;
import dev.peft4j.tuner.lora.LoraConfig;
import java.util.Arrays;
import java.util.List;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * The work that is timed: random weights, LoRA, no dropout.
 *
 * @param units samples or tokens in a step
 * @param steps the default number of steps
 * @param base the frozen model
 * @param trainable the parameters for the optimizer
 * @param loss the loss of a new forward pass
 * @param instead what a step is if nothing is trained, or null
 */
record Workload(
    int units,
    int steps,
    Module base,
    List<Parameter> trainable,
    Supplier<Tensor> loss,
    @Nullable Runnable instead) {
  /** The names that {@link #of} knows. */
  static final List<String> NAMES =
      List.of(
          "tiny",
          "mlp",
          "minilm",
          "smollm2",
          "generate",
          "decode",
          "prefill",
          "batch8",
          "batch8-alone",
          "turn2",
          "turn2-anew",
          "beam4");

  /** Returns the workload of that name, one of {@link #NAMES}. */
  static Workload of(String name) {
    return switch (name) {
      case "tiny" -> tiny();
      case "mlp" -> mlp();
      case "minilm" -> minilm(size("batch", 32), size("length", 64));
      case "smollm2", "generate", "decode", "prefill" ->
          SmolLm2.of(name, size("batch", 0), size("length", 0));
      case "batch8", "batch8-alone", "turn2", "turn2-anew", "beam4" ->
          Conversations.of(name, size("length", 0));
      default -> throw new IllegalArgumentException("no workload '" + name + "'");
    };
  }

  /** A size that a property may give; 0 is none. */
  private static int size(String property, int usual) {
    return Integer.getInteger(property, usual);
  }

  static final class Tiny extends Module {
    final Linear linear = new Linear(2, 4);
  }

  static final class Mlp extends Module {
    final Linear fc1 = new Linear(1024, 4096);
    final Linear fc2 = new Linear(4096, 1024);

    Tensor forward(Tensor x) {
      return fc2.forward(fc1.forward(x).relu());
    }
  }

  /** Creates Linear 2 → 4, r 1, batch 8. */
  private static Workload tiny() {
    Tiny base = new Tiny();
    PeftModel model = PeftModel.of(base, lora(1, 4, "linear").build());
    Tensor x = normal(8, 2);
    Tensor y = normal(8, 4);
    return new Workload(
        8, 200, base, model.trainableParameters(), () -> base.linear.forward(x).mseLoss(y), null);
  }

  /** Creates Linear 1024 → 4096 → 1024 with ReLU, r 8 on both, batch 64. */
  private static Workload mlp() {
    Mlp base = new Mlp();
    PeftModel model = PeftModel.of(base, lora(8, 4, "fc1", "fc2").build());
    Tensor x = normal(64, 1024);
    Tensor y = normal(64, 1024);
    return new Workload(
        64, 200, base, model.trainableParameters(), () -> base.forward(x).mseLoss(y), null);
  }

  /** Creates a BERT of 6 layers x 384, 26 classes, r 8 on query and value. */
  static Workload minilm(int texts, int tokens) {
    int classes = 26;
    BertForSequenceClassification base =
        new BertForSequenceClassification(
            EncoderConfig.builder()
                .hiddenSize(384)
                .layers(6)
                .heads(12)
                .intermediateSize(1536)
                .numLabels(classes)
                .dropout(0)
                .build());
    PeftModel model = PeftModel.of(base, lora(8, 16, "query", "value").taskType("SEQ_CLS").build());
    Rng rng = Rng.current();
    Tensor ids = integers(rng, 30_000, texts, tokens);
    Tensor labels = integers(rng, classes, texts);
    long[] ones = new long[texts * tokens];
    Arrays.fill(ones, 1);
    Tensor mask = Tensor.of(ones, texts, tokens);
    return new Workload(
        texts * tokens,
        8,
        base,
        model.trainableParameters(),
        () -> base.loss(base.forward(ids, mask), labels),
        null);
  }

  private static LoraConfig.Builder lora(int r, double alpha, String... targets) {
    return LoraConfig.builder().r(r).alpha(alpha).targets(targets);
  }

  private static Tensor normal(int rows, int columns) {
    return Tensor.of(Rng.current().normal(rows * columns, 0, 1), rows, columns);
  }

  private static Tensor integers(Rng rng, int bound, int... shape) {
    int n = 1;
    for (int size : shape) {
      n *= size;
    }
    long[] v = new long[n];
    for (int i = 0; i < n; i++) {
      v[i] = (long) (rng.nextDouble() * bound);
    }
    return Tensor.of(v, shape);
  }
}
