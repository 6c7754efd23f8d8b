package dev.peft4j.samples.workflow;

import dev.peft4j.data.Rng;
import dev.peft4j.nn.Parameter;
import dev.peft4j.optim.AdamW;
import dev.peft4j.tensor.Tensor;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;
import java.util.stream.Stream;

/**
 * The workflow of parameter-efficient fine-tuning on the smallest model: adapt, train, save,
 * reload, merge. The property {@code out} is the folder for the adapter. The exit status is 1 if
 * one of the comparisons fails.
 */
public final class Workflow {
  private static final long SEED = 42;
  private static final int STEPS = 150;

  private boolean allHold = true;

  Workflow() {}

  /** Runs the program. */
  public static void main(String[] args) {
    Path out = Path.of(System.getProperty("out", "target/workflow"));
    try {
      System.exit(new Workflow().run(out) ? 0 : 1);
    } catch (IOException | UncheckedIOException e) {
      System.err.println("workflow: cannot save the adapter: " + e.getMessage());
      System.exit(1);
    }
  }

  /** Runs the workflow and returns whether every comparison holds. */
  boolean run(Path out) throws IOException {
    title("1. A base model");
    // Layers draw their first weights from the generator in scope: same seed, same weights.
    BaseModel base = Rng.with(SEED, () -> new BaseModel(2, 4));
    base.namedParameters().forEach(System.out::println);

    title("2. The same model with an adapter: BaseModelPeft, which @Peft asked for");
    BaseModelPeft model = Rng.with(SEED, () -> new BaseModelPeft(2, 4));
    model.namedParameters().forEach(System.out::println);
    System.out.println(model.trainableSummary());

    title("3. Training: only A and B change");
    Tensor x = Tensor.of(new Rng(1).normal(64 * 2, 0, 1), 64, 2);
    Tensor y = task(base, x);
    AdamW optimizer = AdamW.of(model.trainableParameters(), 5e-3f);
    float first = 0;
    float last = 0;
    for (int step = 0; step < STEPS; step++) {
      Tensor loss = model.forward(x).mseLoss(y);
      loss.backward();
      optimizer.step(); // forward, backward and update run here, as one program
      last = loss.item();
      first = step == 0 ? last : first;
      if (step % 25 == 0 || step == STEPS - 1) {
        System.out.printf("step %3d  loss %.6f%n", step, last);
      }
    }
    check("the loss fell to less than a hundredth", last < first / 100);
    check("the base weights are the same, bit by bit", sameBase(base, model));

    title("4. Saving and reloading");
    float[] trained = model.forward(x).toFloats();
    model.save(out);
    list(out);
    BaseModelPeft reloaded = Rng.with(SEED, () -> new BaseModelPeft(2, 4));
    reloaded.load(out);
    float[] again = reloaded.forward(x).toFloats();
    check("the reloaded model computes the same, bit by bit", Arrays.equals(trained, again));

    title("5. Merging: W + alpha / r * B A, an ordinary linear layer again");
    reloaded.mergeAndUnload();
    reloaded.namedParameters().forEach(System.out::println);
    float[] merged = reloaded.forward(x).toFloats();
    float difference = largestDifference(trained, merged);
    System.out.printf("largest difference between adapter and merged weights: %.1e%n", difference);
    check("the merged model computes the same", difference < 1e-5);
    return allHold;
  }

  /**
   * Returns what is to be learned: the base model with another weight, which differs by a rank of
   * one.
   */
  private static Tensor task(BaseModel base, Tensor x) {
    Tensor change =
        Tensor.of(new float[] {1, -0.5f, 0.5f, 2}, 4, 1)
            .matmul(Tensor.of(new float[] {0.8f, -0.6f}, 1, 2));
    return x.linear(base.linear.weight().add(change), base.linear.bias()).detach();
  }

  private static boolean sameBase(BaseModel base, BaseModelPeft model) {
    List<Parameter> before = base.parameters();
    List<Parameter> after =
        model.parameters().stream().filter(p -> !p.trainable()).toList(); // the others are A and B
    return before.size() == after.size()
        && IntStream.range(0, before.size()).allMatch(i -> sameBits(before.get(i), after.get(i)));
  }

  private static boolean sameBits(Parameter a, Parameter b) {
    return a.own().segment().mismatch(b.own().segment()) < 0;
  }

  private static float largestDifference(float[] a, float[] b) {
    float largest = 0;
    for (int i = 0; i < a.length; i++) {
      largest = Math.max(largest, Math.abs(a[i] - b[i])); // NaN stays NaN and fails the check
    }
    return largest;
  }

  private static void title(String text) {
    System.out.println(System.lineSeparator() + text);
  }

  private static void list(Path folder) throws IOException {
    try (Stream<Path> files = Files.list(folder)) {
      for (Path f : files.sorted().toList()) {
        System.out.printf("%s  %d bytes%n", f, Files.size(f));
      }
    }
  }

  private void check(String claim, boolean holds) {
    System.out.println((holds ? "ok      " : "FAILED  ") + claim);
    allHold &= holds;
  }
}
