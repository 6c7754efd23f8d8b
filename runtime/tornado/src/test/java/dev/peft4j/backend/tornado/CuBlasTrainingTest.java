package dev.peft4j.backend.tornado;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.peft4j.backend.Backend;
import dev.peft4j.backend.Backends;
import dev.peft4j.backend.Precision;
import dev.peft4j.backend.tornado.library.CuBlasOnOpenCl;
import dev.peft4j.backend.tornado.product.LibraryProduct;
import dev.peft4j.data.Encodings;
import dev.peft4j.data.Rng;
import dev.peft4j.nn.Linear;
import dev.peft4j.nn.Module;
import dev.peft4j.optim.AdamW;
import dev.peft4j.tensor.Tensor;
import dev.peft4j.transformers.BertForSequenceClassification;
import dev.peft4j.transformers.EncoderConfig;
import dev.peft4j.tuner.PeftModel;
import dev.peft4j.tuner.lora.LoraConfig;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import uk.ac.manchester.tornado.api.runtime.TornadoRuntimeProvider;

/** Whole models whose products are calls of cuBLAS, computed on the CPU between the kernels. */
class CuBlasTrainingTest {
  static final class Mlp extends Module {
    final Linear fc1 = new Linear(37, 65);
    final Linear fc2 = new Linear(65, 5);

    Tensor forward(Tensor x) {
      return fc2.forward(fc1.forward(x).relu());
    }
  }

  @BeforeEach
  void register() {
    CuBlasOnOpenCl.register();
  }

  private static TornadoBackend backend(Precision precision) {
    return new TornadoBackend(
        TornadoRuntimeProvider.getTornadoRuntime().getDefaultDevice(),
        "tornado:cublas",
        new LibraryProduct(Cuda.compute(precision)),
        200 << 20);
  }

  /** Losses of steps with a new batch each, every third of another number of rows. */
  private static float[] perceptron(Backend on, boolean half) {
    return Backends.with(
        on,
        () ->
            Rng.with(
                5,
                () -> {
                  Mlp base = new Mlp();
                  if (half) {
                    base.freeze();
                    base.fc1.to(Encodings.BFLOAT16);
                  }
                  PeftModel model =
                      PeftModel.of(
                          base, LoraConfig.builder().r(3).alpha(4).targets("fc1", "fc2").build());
                  AdamW optimizer = AdamW.of(model.trainableParameters(), 1e-2f);
                  float[] losses = new float[9];
                  Random random = new Random(1);
                  for (int i = 0; i < losses.length; i++) {
                    int rows = i % 3 == 2 ? 11 : 6;
                    float[] x = new float[rows * 37];
                    long[] labels = new long[rows];
                    for (int j = 0; j < x.length; j++) {
                      x[j] = (float) random.nextGaussian();
                    }
                    for (int j = 0; j < rows; j++) {
                      labels[j] = random.nextInt(5);
                    }
                    Tensor loss =
                        base.forward(Tensor.of(x, rows, 37)).crossEntropy(Tensor.of(labels, rows));
                    loss.backward();
                    optimizer.step();
                    losses[i] = loss.item();
                  }
                  return losses;
                }));
  }

  private static double worst(float[] a, float[] b) {
    double worst = 0;
    for (int i = 0; i < a.length; i++) {
      worst = Math.max(worst, Math.abs(a[i] - b[i]));
    }
    return worst;
  }

  @Test
  void aPerceptronTrainsInEachPrecision() {
    float[] cpu = perceptron(Backends.named("cpu"), false);
    List<Double> differences = new ArrayList<>();
    for (Precision p : Precision.values()) {
      int before = CuBlasOnOpenCl.RUNS.get();
      try (TornadoBackend backend = backend(p)) {
        differences.add(worst(perceptron(backend, false), cpu));
        assertThat(backend.residents()).as("plans of two shapes").isGreaterThan(1);
      }
      assertThat(CuBlasOnOpenCl.RUNS.get() - before).as("calls of cuBLAS").isGreaterThan(9 * 8);
      assertThat(CuBlasOnOpenCl.OPEN).as("contexts that are left").hasValue(0);
    }
    assertThat(differences.get(0)).isLessThan(1e-5);
    assertThat(differences.get(1)).isBetween(1e-6, 5e-3);
    assertThat(differences.get(2)).isBetween(1e-5, 5e-2);
    assertThat(CuBlasOnOpenCl.FAKE.computes).contains(68L, 75L, 77L);
  }

  @Test
  void weightsOfBFloat16AreReadAsTheyLie() {
    float[] cpu = perceptron(Backends.named("cpu"), true);
    try (TornadoBackend backend = backend(Precision.BF16)) {
      assertThat(worst(perceptron(backend, true), cpu)).isBetween(1e-5, 5e-2);
    }
    try (TornadoBackend backend = backend(Precision.FLOAT32)) {
      assertThat(worst(perceptron(backend, true), cpu)).isLessThan(1e-5);
    }
  }

  @Test
  void aBertTrainsAsOnTheCpu() {
    float[] cpu = bert(Backends.named("cpu"));
    try (TornadoBackend backend = backend(Precision.FLOAT32)) {
      float[] device = bert(backend);
      for (int i = 0; i < cpu.length; i++) {
        assertThat(device[i]).as("step " + i).isCloseTo(cpu[i], within(1e-4f));
      }
    }
  }

  private static float[] bert(Backend on) {
    return Backends.with(
        on,
        () ->
            Rng.with(
                7,
                () -> {
                  BertForSequenceClassification base =
                      new BertForSequenceClassification(
                          EncoderConfig.builder()
                              .vocabSize(50)
                              .hiddenSize(32)
                              .layers(2)
                              .heads(4)
                              .intermediateSize(48)
                              .numLabels(3)
                              .dropout(0)
                              .build());
                  PeftModel model =
                      PeftModel.of(
                          base,
                          LoraConfig.builder()
                              .r(2)
                              .alpha(4)
                              .targets("query", "value")
                              .taskType("SEQ_CLS")
                              .build());
                  AdamW optimizer = AdamW.of(model.trainableParameters(), 1e-2f);
                  Random random = new Random(2);
                  float[] losses = new float[4];
                  for (int i = 0; i < losses.length; i++) {
                    long[] ids = random.longs(3 * 40, 0, 50).toArray();
                    long[] mask = new long[3 * 40];
                    for (int j = 0; j < mask.length; j++) {
                      mask[j] = j % 40 < 40 - i ? 1 : 0;
                    }
                    Tensor loss =
                        base.loss(
                            base.forward(Tensor.of(ids, 3, 40), Tensor.of(mask, 3, 40)),
                            Tensor.of(random.longs(3, 0, 3).toArray(), 3));
                    loss.backward();
                    optimizer.step();
                    losses[i] = loss.item();
                  }
                  return losses;
                }));
  }
}
