package dev.peft4j.backend.tornado;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.data.Percentage.withPercentage;

import dev.peft4j.backend.Backends;
import dev.peft4j.data.Rng;
import dev.peft4j.nn.Linear;
import dev.peft4j.nn.Module;
import dev.peft4j.optim.AdamW;
import dev.peft4j.tensor.Tensor;
import dev.peft4j.tuner.LoraConfig;
import dev.peft4j.tuner.PeftModel;
import org.junit.jupiter.api.Test;

/** Whole training runs: the losses are those of the CPU backend. */
class TrainingTest {
  static final class Small extends Module {
    final Linear linear = new Linear(2, 4);

    Tensor forward(Tensor x) {
      return linear.forward(x);
    }
  }

  @Test
  void theSmallestModelTrainsAsOnTheCpu() {
    float[] expected = Backends.with(Backends.named("cpu"), TrainingTest::train);
    dev.peft4j.backend.Backend device = Backends.named("tornado");
    float[] actual = Backends.with(device, TrainingTest::train);
    for (int i = 0; i < expected.length; i++) {
      assertThat(actual[i]).as("step " + i).isCloseTo(expected[i], withPercentage(0.01));
    }
    assertThat(actual[19]).isLessThan(actual[0]);
  }

  static float[] train() {
    Small base = Rng.with(42, Small::new);
    var model =
        Rng.with(
            1,
            () -> PeftModel.of(base, LoraConfig.builder().r(1).alpha(4).targets("linear").build()));
    Tensor x = Tensor.of(new Rng(1).normal(64 * 2, 0, 1), 64, 2);
    Tensor y = Tensor.of(new Rng(2).normal(64 * 4, 0, 1), 64, 4);
    AdamW optimizer = AdamW.of(model.trainableParameters(), 1e-2f);
    float[] losses = new float[20];
    for (int i = 0; i < losses.length; i++) {
      Tensor loss = model.call(m -> m.forward(x)).mseLoss(y);
      loss.backward();
      optimizer.step();
      losses[i] = loss.item();
    }
    return losses;
  }
}
