package dev.peft4j.backend.tornado;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.peft4j.backend.Backend;
import dev.peft4j.backend.Backends;
import dev.peft4j.backend.Profile;
import dev.peft4j.data.Rng;
import dev.peft4j.nn.Dropout;
import dev.peft4j.nn.Linear;
import dev.peft4j.nn.Module;
import dev.peft4j.nn.Parameter;
import dev.peft4j.optim.AdamW;
import dev.peft4j.tensor.Tensor;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import uk.ac.manchester.tornado.api.common.TornadoDevice;
import uk.ac.manchester.tornado.api.runtime.TornadoRuntimeProvider;

/**
 * Steps of which each has something new, against the CPU, loss by loss: where graphs are recorded
 * and replayed (CUDA), whatever were taken from the recording instead of from the step would show.
 */
class ChangingStepsTest {
  private static final int STEPS = 24;

  static final class Net extends Module {
    final Linear fc1 = new Linear(9, 33);
    final Dropout dropout = new Dropout(0.2f);
    final Linear fc2 = new Linear(33, 4);

    Tensor forward(Tensor x) {
      return fc2.forward(dropout.forward(fc1.forward(x).tanh()));
    }
  }

  private static TornadoDevice device() {
    return TornadoRuntimeProvider.getTornadoRuntime().getDefaultDevice();
  }

  /**
   * New batch, learning rate, weight of dropout and, every other step, another shape; now and then
   * the host changes a parameter, somebody measures, and the memory is that of about one plan.
   */
  private static List<float[]> losses(Backend on, boolean measured) {
    return Backends.with(
        on,
        () ->
            Rng.with(
                11,
                () -> {
                  Net net = new Net();
                  net.fc1.freeze();
                  net.train();
                  List<Parameter> trained = net.trainableParameters();
                  AdamW optimizer = AdamW.of(trained, 1e-2f);
                  Random random = new Random(8);
                  List<float[]> all = new ArrayList<>();
                  for (int i = 0; i < STEPS; i++) {
                    int rows = new int[] {5, 7, 5, 12}[i % 4];
                    optimizer.lr(1e-2f * (1 + i % 5));
                    float[] x = new float[rows * 9];
                    for (int j = 0; j < x.length; j++) {
                      x[j] = (float) random.nextGaussian() * (1 + i);
                    }
                    long[] labels = random.longs(rows, 0, 4).toArray();
                    Runnable step =
                        () -> {
                          Tensor logits = net.forward(Tensor.of(x, rows, 9)).retain();
                          Tensor loss = logits.crossEntropy(Tensor.of(labels, rows));
                          loss.backward();
                          optimizer.step();
                          all.add(new float[] {loss.item(), logits.toFloats()[rows]});
                        };
                    if (measured && i % 7 == 3) {
                      new Profile()
                          .measure(
                              () -> {
                                step.run();
                                return 0;
                              });
                    } else {
                      step.run();
                    }
                    if (i % 6 == 4) {
                      trained.getLast().set(i, -i, 0.5f, 1);
                    }
                    if (i % 5 == 1) { // another plan in between, with the trained weights
                      all.add(net.fc2.forward(Tensor.of(new float[33 * 2], 2, 33)).toFloats());
                    }
                  }
                  trained.forEach(p -> all.add(p.own().toFloats()));
                  return all;
                }));
  }

  @ParameterizedTest
  @ValueSource(longs = {100 << 20, 24 << 10})
  void everyStepIsTheCpus(long usable) {
    List<float[]> cpu = losses(Backends.named("cpu"), false);
    try (TornadoBackend backend = new TornadoBackend(device(), "tornado:test", usable)) {
      List<float[]> found = losses(backend, true);
      assertThat(found).hasSameSizeAs(cpu);
      for (int i = 0; i < cpu.size(); i++) {
        for (int j = 0; j < cpu.get(i).length; j++) {
          assertThat(found.get(i)[j])
              .as("value %s of step or parameter %s", j, i)
              .isCloseTo(cpu.get(i)[j], within(1e-4f * (1 + Math.abs(cpu.get(i)[j]))));
        }
      }
      if (usable < 1 << 20) {
        assertThat(backend.residents()).as("plans that are left of four").isLessThan(4);
      } else {
        assertThat(backend.residents()).isGreaterThan(3);
      }
    }
  }

  @Test
  void theSettingAndTheDriverDecide() {
    boolean has = CudaGraphs.of(device());
    assertThat(has).isEqualTo(!device().getTornadoVMBackend().name().equals("OPENCL"));
    System.setProperty(CudaGraphs.ENABLED, "false");
    try {
      assertThat(CudaGraphs.of(device())).isFalse();
    } finally {
      System.clearProperty(CudaGraphs.ENABLED);
    }
  }
}
