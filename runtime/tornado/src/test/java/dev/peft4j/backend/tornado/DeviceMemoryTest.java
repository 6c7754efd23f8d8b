package dev.peft4j.backend.tornado;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.withPrecision;

import dev.peft4j.backend.Backends;
import dev.peft4j.data.Rng;
import dev.peft4j.nn.Linear;
import dev.peft4j.optim.AdamW;
import dev.peft4j.tensor.Tensor;
import java.util.HashMap;
import java.util.Map;
import org.junit.jupiter.api.Test;
import uk.ac.manchester.tornado.api.common.TornadoDevice;
import uk.ac.manchester.tornado.api.runtime.TornadoRuntimeProvider;

/** What programs take of the device's memory and of the heap, and what they give back. */
class DeviceMemoryTest {
  private static final long MIB = 1 << 20;

  private static TornadoBackend backend(long usable) {
    TornadoDevice device = TornadoRuntimeProvider.getTornadoRuntime().getDefaultDevice();
    return new TornadoBackend(device, "tornado:test", usable);
  }

  @Test
  void aHundredShapesShareTheMemoryThatThereIs() {
    TornadoBackend backend = backend(4 * MIB);
    Map<Integer, Float> sums = new HashMap<>();
    for (int round = 0; round < 2; round++) {
      for (int n = 1; n <= 100; n++) {
        float sum = sum(backend, n);
        assertThat(sum)
            .isCloseTo(
                1000f * n * (n + 1) / 2, org.assertj.core.data.Percentage.withPercentage(1e-4));
        assertThat(sums.getOrDefault(n, sum)).isEqualTo(sum);
        sums.put(n, sum);
        assertThat(backend.used()).isLessThanOrEqualTo(4 * MIB);
      }
    }
    assertThat(backend.residents()).isLessThan(50);
    assertThat(backend.kernels().size()).as("kernels compiled for all shapes").isLessThan(10);
  }

  /** The sum of i + 0 · y over n rows of 1000, i being the row's number. */
  private static float sum(TornadoBackend backend, int n) {
    float[] rows = new float[n];
    for (int i = 0; i < n; i++) {
      rows[i] = i + 1;
    }
    Tensor x = Tensor.of(rows, n, 1);
    Tensor y = Tensor.of(new float[1000], 1, 1000);
    return Backends.with(backend, () -> x.add(y).sum().item());
  }

  @Test
  void whatDoesNotFitSaysWhichTensorAndHowMuchIsFree() {
    TornadoBackend backend = backend(MIB);
    Tensor x = Tensor.of(new float[1024], 1024, 1);
    assertThatThrownBy(
            () -> Backends.with(backend, () -> x.matmul(x.transpose(0, 1)).softmax(-1).toFloats()))
        .isInstanceOf(DeviceMemoryException.class)
        .hasMessageContaining("out of device memory on ")
        .hasMessageContaining("(1024, 1024)")
        .hasMessageContaining("4 MiB")
        .hasMessageContaining("free are 1 MiB")
        .hasMessageContaining("take a smaller batch");
    assertThat(backend.kernels().size()).as("kernels compiled for it").isZero();
    assertThat(sum(backend, 3)).isEqualTo(6000);
  }

  @Test
  void weightsOfAProgramThatDidNotFitAreStillRightInTheNext() {
    TornadoBackend backend = backend(MIB);
    Linear linear = Rng.with(1, () -> new Linear(100, 100));
    linear.freeze();
    Tensor many = Tensor.of(new float[5000 * 100], 5000, 100);
    Tensor few = Tensor.of(new Rng(1).normal(1000, 0, 1), 10, 100);
    assertThatThrownBy(() -> Backends.with(backend, () -> linear.forward(many).toFloats()))
        .hasMessageContaining("(5000, 100)");
    float[] expected = Backends.with(Backends.named("cpu"), () -> linear.forward(few).toFloats());
    assertThat(Backends.with(backend, () -> linear.forward(few).toFloats()))
        .containsExactly(expected, withPrecision(1e-4f));
  }

  @Test
  void stepsLeaveNothingBehind() {
    TornadoBackend backend = backend(100 * MIB);
    Linear linear = Rng.with(1, () -> new Linear(2, 4));
    AdamW optimizer = AdamW.of(linear.trainableParameters(), 1e-3f);
    Tensor x = Tensor.of(new Rng(1).normal(16, 0, 1), 8, 2);
    Tensor y = Tensor.of(new Rng(2).normal(32, 0, 1), 8, 4);
    Runnable step =
        () -> {
          Tensor loss = linear.forward(x).mseLoss(y);
          loss.backward();
          optimizer.step();
          assertThat(loss.item()).isFinite();
        };
    Backends.with(
        backend,
        () -> {
          for (int i = 0; i < 500; i++) {
            step.run();
          }
          long before = heap();
          long device = backend.used();
          for (int i = 0; i < 2000; i++) {
            step.run();
          }
          assertThat(heap() - before).as("bytes of heap in 2,000 steps").isLessThan(MIB);
          assertThat(backend.used()).isEqualTo(device);
          return null;
        });
  }

  private static long heap() {
    long least = Long.MAX_VALUE;
    for (int i = 0; i < 5; i++) {
      System.gc();
      least =
          Math.min(least, Runtime.getRuntime().totalMemory() - Runtime.getRuntime().freeMemory());
    }
    return least;
  }
}
