package dev.peft4j.backend.cpu;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.peft4j.backend.Backends;
import dev.peft4j.data.Rng;
import dev.peft4j.data.Storage;
import dev.peft4j.fuzz.Attack;
import dev.peft4j.nn.Parameter;
import dev.peft4j.optim.Sgd;
import dev.peft4j.tensor.Tensor;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.function.LongSupplier;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** What the native library holds goes when it is needed no longer. */
class NativeMemoryTest {
  private final PackedWeights packed = ((CpuBackend) Backends.named("cpu")).weights();
  private final Rng rng = new Rng(9);

  @BeforeEach
  void library() {
    assumeTrue(OneDnn.available(), "no oneDNN here");
  }

  private static Parameter frozen(float[] values, int... shape) {
    Parameter p = new Parameter(values, shape);
    p.freeze();
    return p;
  }

  /** The number after garbage was collected, once it no longer falls. */
  private static long settled(LongSupplier number, long wanted) throws InterruptedException {
    for (int i = 0; i < 100 && number.getAsLong() > wanted; i++) {
      System.gc();
      Thread.sleep(20);
    }
    return number.getAsLong();
  }

  /** A step of training, which keeps packed weights; it changes nothing. */
  private static float[] step(Parameter x, Parameter w) {
    Tensor y = x.linear(Tensor.of(w.variable().node()), null).retain();
    y.sum().backward();
    Sgd.of(List.of(x), 0).step();
    return y.toFloats();
  }

  private Parameter trained(int rows, int columns) {
    return new Parameter(rng.normal(rows * columns, 0, 1), rows, columns);
  }

  @Test
  void aWeightThatChangesLeavesNothingBehind() {
    float[] values = rng.normal(96 * 64, 0, 1);
    Parameter w = frozen(values, 96, 64);
    Parameter x = trained(32, 64);
    step(x, w);
    // others' garbage may go meanwhile, so the numbers may fall
    long objects = OneDnn.live();
    long bytes = packed.bytes();
    for (int i = 0; i < Attack.rounds(200); i++) {
      w.set(values);
      step(x, w);
      assertThat(OneDnn.live()).as("objects after change %d", i).isLessThanOrEqualTo(objects);
      assertThat(packed.bytes()).as("bytes after change %d", i).isLessThanOrEqualTo(bytes);
    }
  }

  @Test
  void aWeightThatIsGoneLeavesNothingBehind() throws Exception {
    Parameter x = trained(32, 64);
    float[] values = rng.normal(96 * 64, 0, 1);
    step(x, frozen(values, 96, 64)); // the program
    long objects = OneDnn.live();
    long bytes = packed.bytes();
    List<Parameter> many = new ArrayList<>();
    for (int i = 0; i < 50; i++) {
      Parameter w = frozen(values, 96, 64);
      step(x, w);
      many.add(w);
    }
    assertThat(packed.bytes()).isGreaterThan(bytes);
    many.clear();
    assertThat(settled(packed::bytes, bytes)).isLessThanOrEqualTo(bytes);
    assertThat(settled(OneDnn::live, objects)).isLessThanOrEqualTo(objects);
  }

  /** Whoever multiplies while the weight changes reads what was packed when it began, not less. */
  @Test
  void whatIsUsedIsNotFreed() throws Exception {
    Parameter w = frozen(rng.normal(256 * 256, 0, 1), 256, 256);
    Storage storage = w.own();
    float[] values = rng.normal(64 * 256, 0, 1);
    float[] expected = step(new Parameter(values, 64, 256), w);
    Callable<Boolean> reader =
        () -> {
          Parameter x = new Parameter(values.clone(), 64, 256);
          for (int i = 0; i < Attack.rounds(300); i++) {
            float[] got = step(x, w);
            for (int k = 0; k < got.length; k++) {
              if (Math.abs(got[k] - expected[k]) > 1e-3) {
                return false;
              }
            }
          }
          return true;
        };
    try (ExecutorService pool = Executors.newFixedThreadPool(3)) {
      List<Future<Boolean>> readers = List.of(pool.submit(reader), pool.submit(reader));
      while (!readers.get(0).isDone() || !readers.get(1).isDone()) {
        storage.modified(); // the same numbers, packed anew
        Thread.sleep(1);
      }
      assertThat(readers.get(0).get()).isTrue();
      assertThat(readers.get(1).get()).isTrue();
    }
  }
}
