package dev.peft4j.backend;

import static org.assertj.core.api.Assertions.assertThat;

import dev.peft4j.graph.Program;
import dev.peft4j.nn.Linear;
import dev.peft4j.optim.AdamW;
import dev.peft4j.tensor.Tensor;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

/** What a program needs on a device is said before it runs. */
class MemoryEstimateTest {
  private static final Backend CPU = Backends.named("cpu");

  /** A backend that keeps the programs that it is given. */
  private static MemoryEstimate largest(Runnable body) {
    List<Program> programs = new ArrayList<>();
    Backend keeping =
        new Backend() {
          private final ProgramCache cache = new ProgramCache(this);

          @Override
          public String name() {
            return "keeping";
          }

          @Override
          public int priority() {
            return -1;
          }

          @Override
          public boolean supports(dev.peft4j.graph.Op op) {
            return CPU.supports(op);
          }

          @Override
          public boolean reads(
              dev.peft4j.graph.Op op,
              int i,
              dev.peft4j.data.Encoding encoding,
              dev.peft4j.data.Shape[] inputs) {
            return true;
          }

          @Override
          public Executable compile(Program program) {
            programs.add(program);
            return CPU.compile(program);
          }

          @Override
          public ProgramCache programs() {
            return cache;
          }
        };
    Backends.with(
        keeping,
        () -> {
          body.run();
          return 0;
        });
    return programs.stream()
        .map(MemoryEstimate::of)
        .max(java.util.Comparator.comparingLong(MemoryEstimate::bytes))
        .orElseThrow();
  }

  private static void step(Linear frozen, Linear trained, int rows) {
    AdamW optimizer = AdamW.of(trained.trainableParameters(), 1e-3f);
    Tensor x = Tensor.of(new float[rows * 64], rows, 64);
    trained.forward(frozen.forward(x).relu()).square().mean().backward();
    optimizer.step();
  }

  @Test
  void weightsStatesBatchAndValues() {
    Linear frozen = new Linear(64, 128);
    frozen.freeze();
    Linear trained = new Linear(128, 3);
    MemoryEstimate e = largest(() -> step(frozen, trained, 1000));
    // with a few numbers of the optimizer that seldom change
    assertThat(e.weights()).isBetween(4L * (64 * 128 + 128), 4L * (64 * 128 + 128) + 100);
    // the parameters and two moments of each
    assertThat(e.states()).isEqualTo(3 * 4 * (128 * 3 + 3));
    assertThat(e.batch()).isBetween(4L * 64 * 1000, 4L * 64 * 1000 + 100);
    // the result of the first layer is needed until the gradient
    assertThat(e.values()).isBetween(4L * 128 * 1000, 4L * 400 * 1000);
    assertThat(e.largest()).endsWith(", shape (1000, 128)");
    assertThat(e.largestBytes()).isEqualTo(4 * 128 * 1000);
    assertThat(e.bytes()).isEqualTo(e.weights() + e.states() + e.batch() + e.values());
    String said = e.doesNotFit("a card", 1 << 19, 1 << 18);
    assertThat(said)
        .startsWith("out of device memory on a card: the program needs about ")
        .contains("(1000, 128)")
        .contains("free are 0.5 MiB, 0.3 MiB in one piece: take a smaller batch")
        .contains("checkpointing")
        .doesNotContain("bfloat16");
  }

  @Test
  void adviceIsForWhatTakesMost() {
    MemoryEstimate weights = new MemoryEstimate(90 << 20, 1 << 20, 1, 9 << 20, "x", 1);
    assertThat(weights.doesNotFit("a", 50 << 20, 50 << 20))
        .endsWith(": hold the frozen weights in fewer bits (--dtype bfloat16, or --quantize nf4)");
    assertThat(weights.doesNotFit("a", 95 << 20, 50 << 20))
        .contains("hold the frozen weights")
        .contains("or take a smaller batch");
  }
}
