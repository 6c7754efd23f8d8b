package dev.peft4j.samples.gloss;

import dev.peft4j.nn.NamedParameter;
import dev.peft4j.nn.Parameter;
import dev.peft4j.optim.AdamW;
import dev.peft4j.optim.Optimizer;
import dev.peft4j.samples.gloss.GlossBatches.Batch;
import dev.peft4j.spark.SparkTrainer;
import dev.peft4j.train.Trainer;
import dev.peft4j.train.TrainingEvent;
import dev.peft4j.train.TrainingSettings;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/**
 * A program that starts a small standalone cluster of its own with two executor processes, trains
 * the adapter of the gloss classifier on it, kills one executor on the way, and compares the
 * adapter with the one that this process trains alone. {@code -Dsteps} are the optimizer's steps, 8
 * unless it is given.
 */
public final class SparkGloss {
  private static final int EXECUTORS = 2;
  private static final int MEGABYTES = 1024;
  private static final int MICRO_BATCH = 8;
  private static final int MICRO_BATCHES = 4;
  private static final int KILLED_AFTER = 3;

  private SparkGloss() {}

  /** Runs the program; the exit code is 1 if the adapters differ. */
  public static void main(String[] args) throws IOException {
    long steps = Long.getLong("steps", 8);
    TrainingSettings settings =
        TrainingSettings.builder().steps(steps).accumulation(MICRO_BATCHES).clipNorm(1).build();
    GlossRecipe recipe = new GlossRecipe(MICRO_BATCH);
    String together = trainOnCluster(recipe, settings);
    say("now in this process alone");
    String alone = trainAlone(recipe, settings);
    say("adapter of the cluster:    SHA-256 %s", together);
    say("adapter of this process:   SHA-256 %s", alone);
    if (!alone.equals(together)) {
      System.err.println("the adapters differ");
      System.exit(1);
    }
    say("they are equal, bit for bit");
  }

  private static String trainOnCluster(GlossRecipe recipe, TrainingSettings settings)
      throws IOException {
    say("starting a cluster of %d executors", EXECUTORS);
    String sum;
    try (ClusterSession cluster = new ClusterSession(EXECUTORS, MEGABYTES);
        var trainer = SparkTrainer.of(cluster.spark(), recipe, SparkGloss::optimizer)) {
      trainer
          .settings(settings)
          .listener(
              event -> {
                report(event);
                if (event instanceof TrainingEvent.Step s && s.state().step() == KILLED_AFTER) {
                  killOne();
                }
              })
          .run();
      sum = checksum(trainer.model());
    }
    say("stopped: %d executors are left", ClusterSession.executors().size());
    return sum;
  }

  private static Optimizer optimizer(List<Parameter> parameters) {
    return AdamW.builder().lr(1e-3f).weightDecay(0).build(parameters);
  }

  private static void killOne() {
    ProcessHandle one = ClusterSession.executors().getFirst();
    say("killing an executor, process %d", one.pid());
    one.destroyForcibly();
  }

  private static String trainAlone(GlossRecipe recipe, TrainingSettings settings)
      throws IOException {
    GlossClassifierPeft model = recipe.adapt(recipe.base());
    Trainer.of(
            model,
            optimizer(model.trainableParameters()),
            recipe.data(),
            (Batch b) -> recipe.loss(model, b))
        .settings(settings)
        .listener(SparkGloss::report)
        .run();
    return checksum(model);
  }

  private static void report(TrainingEvent event) {
    if (event instanceof TrainingEvent.Step s) {
      say("step %d: loss %.4f", s.state().step(), s.loss());
    }
  }

  private static String checksum(GlossClassifierPeft model) {
    try {
      MessageDigest digest = MessageDigest.getInstance("SHA-256");
      for (NamedParameter p : model.adapters().namedParameters()) {
        if (p.parameter().trainable()) {
          digest.update(p.name().getBytes(StandardCharsets.UTF_8));
          digest.update(p.parameter().own().segment().asByteBuffer());
        }
      }
      return HexFormat.of().formatHex(digest.digest());
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every JDK has SHA-256", e);
    }
  }

  private static void say(String format, @Nullable Object... values) {
    System.out.printf(Locale.ROOT, format + "%n", values);
  }
}
