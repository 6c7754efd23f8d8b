package dev.peft4j.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import dev.peft4j.nn.Parameter;
import dev.peft4j.optim.AdamW;
import dev.peft4j.optim.NonFiniteLossException;
import dev.peft4j.optim.Sgd;
import dev.peft4j.tensor.Tensor;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What happens when numbers stop being numbers. */
class DivergenceTest {
  private final TinyRun tiny = new TinyRun(7);
  @TempDir Path folder;

  private Trainer<TinyRun.Batch> poisoned(TrainingSettings settings, long step) {
    long[] calls = {0};
    return Trainer.of(
            tiny.model,
            tiny.optimizer,
            TinyRun.batches(),
            b -> {
              Tensor l = tiny.loss(b);
              return ++calls[0] == step ? l.mul(Float.NaN) : l;
            })
        .settings(settings);
  }

  @Test
  void namesTheStepTheParameterAndTheLastGoodCheckpoint() {
    TrainingSettings settings =
        TrainingSettings.builder().steps(20).checkpoint(Every.steps(4)).build();
    Trainer<TinyRun.Batch> trainer = poisoned(settings, 11).checkpoints(folder);
    var e = catchThrowableOfType(TrainingDivergedException.class, trainer::run);
    assertThat(e)
        .isInstanceOf(NonFiniteLossException.class)
        .hasMessageStartingWith("step 11 (epoch 1, batch 4): the loss is NaN")
        .hasMessageContaining("all parameters are finite, the largest value is ")
        .hasMessageContaining("'" + e.parameter() + "'")
        .hasMessageEndingWith("the last good checkpoint is " + folder.resolve("checkpoint-8"));
    assertThat(e.step()).isEqualTo(11);
    assertThat(e.checkpoint()).isEqualTo(folder.resolve("checkpoint-8"));
    assertThat(tiny.optimizer.steps()).isEqualTo(10);
    assertThat(Checkpoint.latest(folder)).isEqualTo(new Checkpoint(e.checkpoint(), 8));
  }

  @Test
  void nothingIsChangedByTheStep() {
    Trainer<TinyRun.Batch> trainer = poisoned(TrainingSettings.steps(20), 1);
    Map<String, List<Float>> before = tiny.weights();
    assertThatThrownBy(trainer::run)
        .hasMessageContaining("step 1 ")
        .hasMessageContaining("there is no checkpoint");
    Map<String, List<Float>> after = tiny.weights();
    before.forEach((name, values) -> assertThat(after.get(name)).as(name).isEqualTo(values));
  }

  @Test
  void oneOfTheBatchesOfAStepIsEnough() {
    TrainingSettings settings = TrainingSettings.builder().steps(9).accumulation(3).build();
    assertThatThrownBy(poisoned(settings, 5)::run)
        .isInstanceOf(TrainingDivergedException.class)
        .hasMessageContaining("step 2 ");
    assertThat(tiny.optimizer.steps()).isEqualTo(1);
  }

  @Test
  void aParameterThatIsNotFiniteIsNamed() {
    Parameter bad = tiny.model.model().second.bias(); // of the base, beside the saved copy
    bad.set(Float.POSITIVE_INFINITY);
    Parameter weight = tiny.model.model().first.weight();
    float[] w = weight.toFloats();
    w[5] = Float.NaN;
    weight.set(w);
    var e =
        catchThrowableOfType(
            TrainingDivergedException.class, tiny.trainer(TrainingSettings.steps(3))::run);
    assertThat(e)
        .hasMessageContaining(
            "parameter 'base_model.model.first.base_layer.weight' has 1 value that is not finite,"
                + " the first at 5");
    assertThat(e.parameter()).isEqualTo("base_model.model.first.base_layer.weight");
  }

  @Test
  void aRateThatIsFarTooHighIsNoticedBeforeACheckpointIsWritten() {
    TinyRun run = new TinyRun(7);
    Sgd wild = Sgd.of(run.model.trainableParameters(), 1e30f);
    Trainer<TinyRun.Batch> trainer =
        Trainer.of(run.model, wild, TinyRun.batches(), run::loss)
            .settings(TrainingSettings.builder().steps(20).checkpoint(Every.steps(1)).build())
            .checkpoints(folder);
    var e = catchThrowableOfType(TrainingDivergedException.class, trainer::run);
    assertThat(e).isNotNull();
    for (Checkpoint c : Checkpoint.list(folder)) {
      TinyRun again = new TinyRun(8);
      dev.peft4j.tuner.AdaptedModel<TinyRun.Mlp> model = again.model;
      model.load(c.folder());
      assertThat(
              model.namedParameters().stream()
                  .allMatch(p -> Divergence.isFinite(p.parameter().own())))
          .as("%s", c)
          .isTrue();
    }
  }

  @Test
  void aGradientThatIsNotFiniteWhileTheLossIsStopsAtItsStep() {
    // the square root has no slope at 0: the loss is 0 plus something, the gradient NaN
    TinyRun run = new TinyRun(7);
    Trainer<TinyRun.Batch> trainer =
        Trainer.of(
                run.model,
                AdamW.of(run.model.trainableParameters(), 0.1f),
                TinyRun.batches(),
                b -> {
                  Tensor l = run.plainLoss(b);
                  return l.sub(l.detach()).sqrt().add(1);
                })
            .settings(TrainingSettings.builder().steps(5).clipNorm(1).build());
    assertThatThrownBy(trainer::run)
        .isInstanceOf(TrainingDivergedException.class)
        .hasMessageContaining(
            "step 1 (epoch 0, batch 0): the loss is 1.0, but afterwards parameter 'base_model.");
  }
}
