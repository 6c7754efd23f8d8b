package dev.peft4j.spark;

import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.peft4j.data.Rng;
import dev.peft4j.nn.BatchNorm1d;
import dev.peft4j.nn.Linear;
import dev.peft4j.nn.Module;
import dev.peft4j.optim.AdamW;
import dev.peft4j.spark.SmallRecipe.Batch;
import dev.peft4j.spark.SmallRecipe.Net;
import dev.peft4j.tensor.Tensor;
import dev.peft4j.train.Batches;
import dev.peft4j.tuner.AdaptedModel;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.NoSuchFileException;
import java.util.ArrayList;
import java.util.List;
import org.apache.spark.TaskContext;
import org.apache.spark.sql.SparkSession;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** Executors that cannot take part are refused by a sentence with their host. */
class RefusalTest {
  private static SparkSession spark;

  @BeforeAll
  static void begin() {
    spark = Sessions.local(2);
  }

  @AfterAll
  static void end() {
    spark.stop();
  }

  /** What is wrong on executors, though not on the driver. */
  enum Fault {
    MISSING,
    OTHER_BASE,
    OTHER_DATA,
    BAD_LOSS,
    FULL_DISK
  }

  record Faulty(SmallRecipe recipe, Fault fault)
      implements TrainingRecipe<Net, AdaptedModel<Net>, Batch> {
    private static final long serialVersionUID = 1L;

    private boolean has(Fault other) {
      return fault == other && TaskContext.get() != null;
    }

    @Override
    public Net base() throws IOException {
      if (has(Fault.MISSING)) {
        throw new NoSuchFileException("/models/net/model.safetensors");
      }
      Net net = recipe.base();
      if (has(Fault.OTHER_BASE)) { // by the last bit of one number
        float[] w = net.first.weight().own().toFloats();
        w[7] = Math.nextUp(w[7]);
        net.first.weight().set(w);
      }
      return net;
    }

    @Override
    public AdaptedModel<Net> adapt(Net base) {
      return recipe.adapt(base);
    }

    @Override
    public Batches<Batch> data() {
      return has(Fault.OTHER_DATA) ? Batches.of(recipe.data().epoch(0)) : recipe.data();
    }

    @Override
    public Tensor loss(AdaptedModel<Net> model, Batch batch) {
      if (has(Fault.BAD_LOSS)) {
        throw new IllegalArgumentException("no loss today");
      }
      if (has(Fault.FULL_DISK)) {
        throw new UncheckedIOException(new IOException("No space left on device"));
      }
      return recipe.loss(model, batch);
    }

    @Override
    public String origin() {
      return "/models/net";
    }
  }

  private static void assertRefused(Fault fault, String... parts) throws IOException {
    try (var trainer =
        SparkTrainer.of(spark, new Faulty(SmallRecipe.plain(), fault), p -> AdamW.of(p, 0.02f))) {
      trainer.settings(SmallRecipe.settings(2).build());
      assertThatThrownBy(trainer::run)
          .isInstanceOf(SparkTrainingException.class)
          .hasMessageStartingWith("executor driver on 127.0.0.1 ")
          .hasMessageContainingAll(parts);
    }
  }

  @Test
  void aBaseThatIsMissing() throws IOException {
    assertRefused(Fault.MISSING, "cannot load /models/net: /models/net/model.safetensors");
  }

  @Test
  void aBaseOfAnotherVersion() throws IOException {
    assertRefused(
        Fault.OTHER_BASE,
        "has another version of the base, /models/net: 'base_model.model.first.base_layer.weight",
        "the driver has 'base_model.model.first.base_layer.weight");
  }

  @Test
  void otherData() throws IOException {
    assertRefused(Fault.OTHER_DATA, "has other data: {number of batches=19", "the driver has {");
  }

  @Test
  void aLossThatFails() throws IOException {
    assertRefused(Fault.BAD_LOSS, "cannot compute gradients: no loss today");
  }

  @Test
  void aTaskThatFailsOnADiskThatIsFull() throws IOException {
    try (var trainer =
        SparkTrainer.of(
            spark, new Faulty(SmallRecipe.plain(), Fault.FULL_DISK), p -> AdamW.of(p, 0.02f))) {
      trainer.settings(SmallRecipe.settings(2).build());
      assertThatThrownBy(trainer::run)
          .isInstanceOf(SparkTrainingException.class)
          .hasMessageStartingWith("step 1 cannot be computed by the executors: ")
          .hasMessageContaining("executor driver")
          .hasMessageEndingWith("No space left on device");
    }
  }

  @Test
  void anOptimizerOfSomeParametersOnly() {
    assertThatThrownBy(
            () ->
                SparkTrainer.of(spark, SmallRecipe.plain(), p -> AdamW.of(p.subList(0, 1), 0.02f)))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("the optimizer trains 1 parameters, it has to train the 4");
  }

  /** A model whose norm has running means. */
  record Normed() implements TrainingRecipe<String, NormedNet, Tensor> {
    private static final long serialVersionUID = 1L;

    @Override
    public String base() {
      return "";
    }

    @Override
    public NormedNet adapt(String base) {
      return Rng.with(1, NormedNet::new);
    }

    @Override
    public Batches<Tensor> data() {
      Rng rng = new Rng(2);
      List<Tensor> all = new ArrayList<>();
      for (int i = 0; i < 6; i++) {
        all.add(Tensor.randn(rng, 4, 3));
      }
      return Batches.of(all);
    }

    @Override
    public Tensor loss(NormedNet model, Tensor x) {
      return model.forward(x).square().mean();
    }
  }

  static final class NormedNet extends Module {
    final BatchNorm1d norm = new BatchNorm1d(3);
    final Linear last = new Linear(3, 1);

    Tensor forward(Tensor x) {
      return last.forward(norm.forward(x));
    }
  }

  @Test
  void runningMeansThatDependOnTheOrder() throws IOException {
    try (var trainer = SparkTrainer.of(spark, new Normed(), p -> AdamW.of(p, 0.02f))) {
      trainer.settings(SmallRecipe.settings(2).build());
      assertThatThrownBy(trainer::run)
          .isInstanceOf(SparkTrainingException.class)
          .hasMessageContaining("the buffer 'norm.")
          .hasMessageContaining("depend on the order of the batches");
    }
  }
}
