package dev.peft4j.train;

import static org.assertj.core.api.Assertions.assertThat;

import dev.peft4j.fuzz.Attack;
import java.io.BufferedReader;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * A process that is killed in the middle of training loses nothing but time: whatever moment it is,
 * the run that goes on from its files ends with the same bits.
 */
class KillTest {
  private static final int KILLS = Attack.rounds(50);
  private static final int STEPS = (int) KilledRun.SETTINGS.steps();

  @TempDir Path folder;

  @Test
  void fiftyKilledProcessesGoOnBitForBit() throws Exception {
    TinyRun whole = new TinyRun(7);
    TrainingResult expected =
        KilledRun.trainer(whole).settings(TinyRun.unsaved(KilledRun.SETTINGS)).run();
    Map<String, List<Float>> weights = whole.weights();

    long start;
    long end;
    try (Child child = new Child(folder.resolve("whole"))) {
      child.awaitStep(1);
      start = System.nanoTime();
      child.awaitStep(STEPS);
      end = System.nanoTime();
    }
    double nanosPerStep = (double) (end - start) / STEPS;

    AtomicInteger inTheMiddle = new AtomicInteger();
    try (ExecutorService two = Executors.newFixedThreadPool(2)) {
      List<Future<?>> kills = new ArrayList<>();
      for (int i = 0; i < KILLS; i++) {
        Path run = folder.resolve("run" + i);
        Random random = new Random(i);
        kills.add(
            two.submit(
                () -> {
                  long at = kill(run, random, nanosPerStep);
                  inTheMiddle.addAndGet(at > 0 && at < STEPS ? 1 : 0);
                  TinyRun again = new TinyRun(7);
                  TrainingResult result = KilledRun.trainer(again).checkpoints(run).resume();
                  assertThat(again.weights()).as("killed after step " + at).isEqualTo(weights);
                  assertThat(result.state()).isEqualTo(expected.state());
                  return at;
                }));
      }
      for (Future<?> kill : kills) {
        kill.get();
      }
    }
    // a test in which most processes were done before they were killed would show nothing
    assertThat(inTheMiddle).hasValueGreaterThan(KILLS / 2);
  }

  /** Kills a run at some moment and returns the step of the last checkpoint that it left. */
  private static long kill(Path run, Random random, double nanosPerStep) throws Exception {
    try (Child child = new Child(run)) {
      child.awaitStep(random.nextInt(STEPS));
      // most of a step's time its checkpoint is being written
      LockSupport.parkNanos((long) (1.5 * nanosPerStep * random.nextDouble()));
    }
    assertOnlyWholeCheckpoints(run);
    Checkpoint latest = Checkpoint.latest(run);
    return latest == null ? 0 : latest.step();
  }

  private static void assertOnlyWholeCheckpoints(Path run) throws IOException {
    for (Checkpoint c : Checkpoint.list(run)) {
      c.verify();
    }
  }

  /** A JVM that trains until it is done or closed, which kills it. */
  private static final class Child implements AutoCloseable {
    private final Process process;
    private final BufferedReader out;

    Child(Path run) throws IOException {
      Files.createDirectories(run);
      process =
          new ProcessBuilder(
                  Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                  "--enable-native-access=ALL-UNNAMED",
                  "--add-modules=jdk.incubator.vector",
                  // it lives for a moment: starting fast is all that counts
                  "-XX:TieredStopAtLevel=1",
                  "-XX:+UseSerialGC",
                  "-Xshare:auto",
                  "-cp",
                  System.getProperty(
                      "surefire.test.class.path", System.getProperty("java.class.path")),
                  KilledRun.class.getName(),
                  run.toString())
              .redirectError(ProcessBuilder.Redirect.INHERIT)
              .start();
      out = process.inputReader();
    }

    /** Waits until so many steps are done; 0 is when training begins. */
    void awaitStep(long step) throws IOException {
      for (long told = -1; told < step; ) {
        told = Long.parseLong(String.valueOf(out.readLine()));
      }
    }

    @Override
    public void close() throws InterruptedException {
      process.destroyForcibly(); // SIGKILL
      assertThat(process.waitFor(20, TimeUnit.SECONDS)).isTrue();
    }
  }
}
