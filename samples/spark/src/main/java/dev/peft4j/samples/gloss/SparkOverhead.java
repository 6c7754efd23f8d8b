package dev.peft4j.samples.gloss;

import dev.peft4j.data.DType;
import dev.peft4j.data.Shape;
import dev.peft4j.data.Storage;
import dev.peft4j.nn.Module;
import dev.peft4j.nn.Parameter;
import dev.peft4j.optim.AdamW;
import dev.peft4j.spark.SparkTrainer;
import dev.peft4j.spark.TrainingRecipe;
import dev.peft4j.tensor.Tensor;
import dev.peft4j.train.Batches;
import dev.peft4j.train.Trainer;
import dev.peft4j.train.TrainingEvent;
import dev.peft4j.train.TrainingListener;
import dev.peft4j.train.TrainingSettings;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import org.apache.spark.sql.SparkSession;

/**
 * A measurement of what a step costs besides its computations: the time of a step with executors
 * less that of the same step in one process, for adapters of some sizes. Each executor has one
 * batch a step, whose loss is as good as nothing to compute.
 *
 * <p>{@code -Dmillions=1,5,10} are the sizes, {@code -Dexecutors=0,1,2,4} the numbers of executor
 * processes, 0 for two threads of this one, {@code -Dsteps=8} the steps of which the median counts.
 */
public final class SparkOverhead {
  private static final int WARM = 3;
  private static final int MEGABYTES = 2048;

  private SparkOverhead() {}

  /** A model that is one parameter. */
  static final class Numbers extends Module {
    final Parameter weight;

    Numbers(int millions) {
      int n = millions * 1_000_000;
      weight = new Parameter(Storage.zeros(DType.FLOAT32, n), Shape.of(n));
    }
  }

  record Recipe(int millions, int batches) implements TrainingRecipe<String, Numbers, Float> {
    private static final long serialVersionUID = 1L;

    @Override
    public String base() {
      return "";
    }

    @Override
    public Numbers adapt(String base) {
      return new Numbers(millions);
    }

    @Override
    public Batches<Float> data() {
      List<Float> all = new ArrayList<>();
      for (int i = 0; i < batches; i++) {
        all.add(i + 1f);
      }
      return Batches.of(all);
    }

    @Override
    public Tensor loss(Numbers model, Float x) {
      return model.weight.mul(x).mean();
    }
  }

  /** Prints a line for each size and number of executors. */
  public static void main(String[] args) throws IOException {
    int steps = Integer.getInteger("steps", 8);
    for (String e : System.getProperty("executors", "0,1,2,4").split(",")) {
      int executors = Integer.parseInt(e);
      if (executors == 0) {
        try (SparkSession spark =
            SparkSession.builder()
                .master("local[2]")
                .appName("peft4j")
                .config("spark.ui.enabled", "false")
                .config("spark.driver.host", "127.0.0.1")
                .getOrCreate()) {
          measure(spark, "local[2]", 2, steps);
        }
      } else {
        try (ClusterSession cluster = new ClusterSession(executors, MEGABYTES)) {
          measure(cluster.spark(), executors + " processes", executors, steps);
        }
      }
    }
  }

  private static void measure(SparkSession spark, String what, int batches, int steps)
      throws IOException {
    for (String size : System.getProperty("millions", "1,5,10").split(",")) {
      Recipe recipe = new Recipe(Integer.parseInt(size), batches);
      TrainingSettings settings =
          TrainingSettings.builder().steps(steps + WARM).accumulation(batches).build();
      Times here = new Times();
      Numbers model = recipe.adapt(recipe.base());
      Trainer.of(
              model,
              AdamW.of(model.trainableParameters(), 1e-3f),
              recipe.data(),
              (Float x) -> recipe.loss(model, x))
          .settings(settings)
          .listener(here)
          .run();
      Times there = new Times();
      try (var trainer = SparkTrainer.of(spark, recipe, p -> AdamW.of(p, 1e-3f))) {
        trainer.settings(settings).listener(there).run();
      }
      System.out.printf(
          Locale.ROOT,
          "%-12s %4s M parameters: %7.1f ms a step, %6.1f ms in one process, %6.1f ms more%n",
          what,
          size,
          there.median(),
          here.median(),
          there.median() - here.median());
    }
  }

  private static final class Times implements TrainingListener {
    private final List<Double> millis = new ArrayList<>();
    private long last = System.nanoTime();

    @Override
    public void on(TrainingEvent event) {
      long now = System.nanoTime();
      if (event instanceof TrainingEvent.Step) {
        millis.add((now - last) / 1e6);
      }
      last = now;
    }

    double median() {
      List<Double> sorted = millis.subList(WARM, millis.size()).stream().sorted().toList();
      return sorted.get(sorted.size() / 2);
    }
  }
}
