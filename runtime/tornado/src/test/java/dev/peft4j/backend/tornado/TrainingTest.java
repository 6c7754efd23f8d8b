package dev.peft4j.backend.tornado;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.data.Percentage.withPercentage;

import dev.peft4j.backend.Backends;
import dev.peft4j.backend.Profile;
import dev.peft4j.data.Rng;
import dev.peft4j.nn.Linear;
import dev.peft4j.nn.Module;
import dev.peft4j.nn.Parameter;
import dev.peft4j.optim.AdamW;
import dev.peft4j.optim.Optimizer;
import dev.peft4j.tensor.Tensor;
import dev.peft4j.transformers.BertForSequenceClassification;
import dev.peft4j.transformers.EncoderConfig;
import dev.peft4j.tuner.PeftModel;
import dev.peft4j.tuner.lora.LoraConfig;
import java.util.List;
import java.util.function.Supplier;
import org.junit.jupiter.api.Test;

/** Whole training runs: the losses are those of the CPU backend, and kernels ran on the device. */
class TrainingTest {
  private static final int STEPS = 20;

  /** What is trained. */
  private record Run(List<Parameter> trainable, Supplier<Tensor> loss) {}

  static final class Small extends Module {
    final Linear linear = new Linear(2, 4);
  }

  static final class Mlp extends Module {
    final Linear fc1 = new Linear(37, 129);
    final Linear fc2 = new Linear(129, 5);

    Tensor forward(Tensor x) {
      return fc2.forward(fc1.forward(x).relu());
    }
  }

  @Test
  void theSmallestModelTrainsAsOnTheCpu() {
    compare(
        () -> {
          Small base = new Small();
          PeftModel model = PeftModel.of(base, lora(1, "linear").build());
          Tensor x = normal(64, 2);
          Tensor y = normal(64, 4);
          return new Run(model.trainableParameters(), () -> base.linear.forward(x).mseLoss(y));
        });
  }

  @Test
  void aPerceptronTrainsAsOnTheCpu() {
    compare(
        () -> {
          Mlp base = new Mlp();
          PeftModel model = PeftModel.of(base, lora(3, "fc1", "fc2").build());
          Tensor x = normal(67, 37);
          Tensor labels = integers(5, 67);
          return new Run(model.trainableParameters(), () -> base.forward(x).crossEntropy(labels));
        });
  }

  @Test
  void aBertTrainsAsOnTheCpu() {
    compare(
        () -> {
          BertForSequenceClassification base =
              new BertForSequenceClassification(
                  EncoderConfig.builder()
                      .vocabSize(50)
                      .hiddenSize(32)
                      .layers(2)
                      .heads(2)
                      .intermediateSize(48)
                      .numLabels(3)
                      .dropout(0)
                      .build());
          PeftModel model =
              PeftModel.of(base, lora(4, "query", "value").taskType("SEQ_CLS").build());
          Tensor ids = integers(50, 3, 7);
          Tensor mask =
              Tensor.of(
                  new long[] {1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 0, 0, 0, 1, 1, 1, 1, 1, 1, 0}, 3, 7);
          Tensor labels = integers(3, 3);
          return new Run(
              model.trainableParameters(), () -> base.loss(base.forward(ids, mask), labels));
        });
  }

  private static void compare(Supplier<Run> run) {
    float[] expected = Backends.with(Backends.named("cpu"), () -> train(run));
    Profile profile = new Profile();
    float[] actual =
        Backends.with(Backends.named("tornado"), () -> profile.measure(() -> train(run)));
    for (int i = 0; i < STEPS; i++) {
      assertThat(actual[i]).as("step " + i).isCloseTo(expected[i], withPercentage(0.01));
    }
    assertThat(actual[STEPS - 1]).isLessThan(actual[0]);
    assertThat(profile.entries())
        .filteredOn(e -> e.op().name().equals("linear"))
        .isNotEmpty()
        .allSatisfy(e -> assertThat(e.nanos()).as("device time of " + e.label()).isPositive());
  }

  private static float[] train(Supplier<Run> run) {
    Run r = Rng.with(42, run);
    Optimizer optimizer = AdamW.of(r.trainable, 1e-2f);
    float[] losses = new float[STEPS];
    for (int i = 0; i < STEPS; i++) {
      Tensor loss = r.loss.get();
      loss.backward();
      optimizer.step();
      losses[i] = loss.item();
    }
    return losses;
  }

  private static LoraConfig.Builder lora(int r, String... targets) {
    return LoraConfig.builder().r(r).alpha(4).targets(targets);
  }

  private static Tensor normal(int rows, int columns) {
    return Tensor.of(Rng.current().normal(rows * columns, 0, 1), rows, columns);
  }

  private static Tensor integers(int bound, int... shape) {
    int n = 1;
    for (int size : shape) {
      n *= size;
    }
    long[] v = new long[n];
    for (int i = 0; i < n; i++) {
      v[i] = (long) (Rng.current().nextDouble() * bound);
    }
    return Tensor.of(v, shape);
  }
}
