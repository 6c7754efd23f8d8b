package dev.peft4j.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import dev.peft4j.fuzz.Attack;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * A process that trains a language model and is killed at any moment loses nothing but time: {@code
 * --resume} ends with the bytes of a run that nobody disturbed, dropout and noise included.
 */
class CausalLmKillTest {
  private static final int KILLS = Attack.rounds(3);
  private static final int STEPS = 16;

  private @TempDir Path folder;

  @Test
  void aKilledRunGoesOnBitForBit() throws Exception {
    Path model = TinyDecoder.write(folder.resolve("model"));
    Path data = folder.resolve("data.jsonl");
    Random words = new Random(1);
    StringBuilder lines = new StringBuilder();
    for (int i = 0; i < 23; i++) { // unequal lengths, and a last batch that is not full
      StringBuilder text = new StringBuilder("the");
      for (int n = words.nextInt(1, 8); n > 0; n--) {
        text.append(' ').append(TinyModel.WORDS.get(words.nextInt(4, TinyModel.WORDS.size())));
      }
      lines.append("{\"text\": \"").append(text).append("\"}\n");
    }
    Files.writeString(data, lines);
    Path whole = folder.resolve("whole");
    JsonNode expected = Run.of(arguments(model, data, whole, false)).json();
    byte[] weights = Files.readAllBytes(whole.resolve("adapter/adapter_model.safetensors"));
    assertThat(expected.path("steps").intValue()).isEqualTo(STEPS);

    int inTheMiddle = 0;
    for (int i = 0; i < KILLS; i++) {
      Path run = folder.resolve("run" + i);
      Random random = new Random(i);
      // the process may be killed more than once
      for (int kills = random.nextInt(1, 3); kills > 0; kills--) {
        int at = kill(model, data, run, random);
        inTheMiddle += at > 0 && at < STEPS ? 1 : 0;
      }
      JsonNode result = Run.of(arguments(model, data, run, true)).json();
      assertThat(Files.readAllBytes(run.resolve("adapter/adapter_model.safetensors")))
          .as("run %d", i)
          .isEqualTo(weights);
      for (String figure : List.of("steps", "eval_loss", "eval_perplexity")) {
        assertThat(result.path(figure))
            .as("run %d, %s", i, figure)
            .isEqualTo(expected.path(figure));
      }
      assertThat(Files.readString(run.resolve("evaluation.csv")))
          .isEqualTo(Files.readString(whole.resolve("evaluation.csv")));
    }
    // a test in which no process was killed in the middle would show nothing
    assertThat(inTheMiddle).isPositive();
  }

  private static String[] arguments(Path model, Path data, Path run, boolean resume) {
    List<String> args = new ArrayList<>();
    args.addAll(List.of("train", "--task", "causal-lm", "--quiet", "--json"));
    args.addAll(List.of("-m", model.toString(), "-d", data.toString(), "-o", run.toString()));
    args.addAll(List.of("--eval", data.toString(), "--eval-every", "5", "--checkpoint-every", "1"));
    args.addAll(List.of("--steps", "" + STEPS, "--epochs", "0", "--batch", "3", "--accumulation"));
    args.addAll(List.of("2", "--lr", "1e-2", "--schedule", "warmup_stable_decay", "--warmup"));
    args.addAll(List.of("0.1", "--neftune", "5", "--dropout", "0.2", "--checkpointing", "on"));
    args.addAll(List.of("--dtype", "bfloat16", "--seed", "11"));
    if (resume) {
      args.add("--resume");
    }
    return args.toArray(new String[0]);
  }

  /** Kills a run at some moment, and returns the step of the last checkpoint that it left. */
  private static int kill(Path model, Path data, Path run, Random random) throws Exception {
    List<String> command = new ArrayList<>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    command.addAll(List.of("--enable-native-access=ALL-UNNAMED", "-XX:TieredStopAtLevel=1"));
    command.addAll(List.of("--add-modules=jdk.incubator.vector", "-XX:+UseSerialGC", "-cp"));
    command.add(
        System.getProperty("surefire.test.class.path", System.getProperty("java.class.path")));
    command.add(Main.class.getName());
    command.addAll(List.of(arguments(model, data, run, true)));
    Process process =
        new ProcessBuilder(command)
            .redirectOutput(ProcessBuilder.Redirect.DISCARD)
            .redirectError(ProcessBuilder.Redirect.DISCARD)
            .start();
    int from = latest(run);
    int at = Math.min(STEPS, from + random.nextInt(STEPS / 2));
    while (process.isAlive() && latest(run) < at) {
      LockSupport.parkNanos(1_000_000);
    }
    LockSupport.parkNanos(random.nextInt(60_000_000)); // in a step, or in what it writes
    process.destroyForcibly(); // SIGKILL
    assertThat(process.waitFor(20, TimeUnit.SECONDS)).isTrue();
    return latest(run);
  }

  /** Returns the step of the newest checkpoint, 0 if there is none. */
  private static int latest(Path run) throws IOException {
    Path checkpoints = run.resolve("checkpoints");
    if (!Files.isDirectory(checkpoints)) {
      return 0;
    }
    try (var all = Files.list(checkpoints)) {
      return all.map(p -> String.valueOf(p.getFileName()))
          .filter(n -> n.matches("\\D*\\d+"))
          .mapToInt(n -> Integer.parseInt(n.replaceAll("\\D", "")))
          .max()
          .orElse(0);
    }
  }
}
