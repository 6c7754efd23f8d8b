package dev.peft4j.kotlin

import dev.peft4j.nn.Layer
import dev.peft4j.nn.Linear
import dev.peft4j.nn.Module
import dev.peft4j.optim.AdamW
import dev.peft4j.optim.Plateau
import dev.peft4j.optim.Schedule
import dev.peft4j.tensor.Tensor
import dev.peft4j.train.Batches
import dev.peft4j.train.Evaluator
import dev.peft4j.train.Every
import dev.peft4j.train.Monitor
import dev.peft4j.train.StopReason
import dev.peft4j.train.Trainer
import dev.peft4j.train.TrainingSettings
import dev.peft4j.tuner.AdaptedModel
import java.lang.reflect.Modifier
import java.nio.file.Path
import org.assertj.core.api.Assertions.assertThat
import org.assertj.core.api.Assertions.assertThatThrownBy
import org.junit.jupiter.api.Test
import org.junit.jupiter.api.io.TempDir

class TrainTest {
  private class BaseModel : Module(), Layer {
    val linear = Linear(2, 4)

    override fun forward(x: Tensor): Tensor = linear(x)
  }

  private data class Batch(val x: Tensor, val y: Tensor)

  private val batches = List(6) { Batch(randomNormal(8, 2, seed = it.toLong()), randomNormal(8, 4, seed = 100L + it)) }

  private fun model(): AdaptedModel<BaseModel> =
    seeded(42) {
      peft(BaseModel()) {
        lora {
          target("linear")
          r = 2
          dropout = 0.1
        }
      }
    }

  private fun AdaptedModel<*>.values() = trainableParameters().map { it.toFloats().toList() }

  @Test
  fun aBlockTrainsAsTheTrainerDoes() {
    val ours = model()
    val seen = mutableListOf<Double>()
    val result =
      train(ours) {
        adamW(lr = 1e-2, weightDecay = 0.1)
        epochs = 3
        accumulation = 2
        clipNorm = 0.5
        seed = 9
        scheduleOver { Schedule.linear(2, it) }
        data(batches) { (x, y) -> ours(x).mseLoss(y) }
        onStep { seen += it.loss() }
      }
    val theirs = model()
    val optimizer = AdamW.builder().lr(1e-2f).weightDecay(0.1).build(theirs.trainableParameters())
    Trainer.of(theirs, optimizer, Batches.of(batches)) { theirs(it.x).mseLoss(it.y) }
      .settings(
        TrainingSettings.builder()
          .epochs(3)
          .accumulation(2)
          .clipNorm(0.5f)
          .seed(9)
          .scheduleOver { Schedule.linear(2, it) }
          .build()
      )
      .run()
    assertThat(ours.values()).isEqualTo(theirs.values()).isNotEqualTo(model().values())
    assertThat(seen).hasSize(9)
    assertThat(result.state().step()).isEqualTo(9)
    assertThat(result.reason()).isEqualTo(StopReason.COMPLETED)
  }

  @Test
  fun aRunThatWasStoppedIsResumed(@TempDir folder: Path) {
    fun run(model: AdaptedModel<BaseModel>, to: Path, stopAt: Long) =
      trainer(model) {
          sgd(lr = 0.05, momentum = 0.9)
          steps = 10
          data(Batches.shuffled(batches, 2, 3) { it }) { both ->
            both.map { (x, y) -> model(x).mseLoss(y) }.reduce(Tensor::add)
          }
          checkpoints(to, every = Every.steps(2))
        }
        .also { trainer -> trainer.listener { if (it.state().step() == stopAt) trainer.stop() } }

    val whole = model()
    run(whole, folder.resolve("whole"), stopAt = -1).run()
    val half = model()
    assertThat(run(half, folder.resolve("half"), stopAt = 5).run().reason()).isEqualTo(StopReason.STOPPED)
    val rest = model()
    run(rest, folder.resolve("half"), stopAt = -1).resume()
    assertThat(rest.values()).isEqualTo(whole.values()).isNotEqualTo(half.values())
  }

  @Test
  fun whatIsRememberedHasToBeTheSame(@TempDir folder: Path) {
    val model = model()
    fun run(labels: String) =
      train(model) {
        adamW(lr = 1e-2)
        accumulation = 2
        data(Batches.of(batches), counting = { 3.0 }) { (x, y) -> model(x).mseLoss(y) }
        remember("labels", labels)
        onStep { assertThat(it.count()).isEqualTo(6.0) }
        checkpoints(folder, resume = true)
      }
    assertThat(run("good, bad").state().step()).isEqualTo(3)
    assertThat(run("good, bad").loss()).isFinite()
    assertThatThrownBy { run("bad, good") }.hasMessageContaining("labels good, bad, not bad, good")
  }

  @Test
  fun evaluationsAndCheckpointsAreTold(@TempDir folder: Path) {
    val model = model()
    val accuracies = mutableListOf<Double>()
    val saved = mutableListOf<Path>()
    fun block(more: Long): TrainScope.() -> Unit = {
      optimizer { AdamW.of(it, 1e-2f) }
      epochs = more
      schedule(Schedule.constant())
      data(batches) { (x, y) -> model(x).mseLoss(y) }
      evaluate(monitor = Monitor.highest("score"), evaluator = Evaluator { mapOf("score" to 0.25) })
      onEvaluated { accuracies += it.values().getValue("score") }
      checkpoints(folder, resume = true)
      onSaved { saved.add(it.checkpoint()) }
    }
    assertThat(train(model, block(1)).state().step()).isEqualTo(6)
    assertThat(train(model, block(2)).state().step()).isEqualTo(12)
    assertThat(accuracies).isNotEmpty().allMatch { it == 0.25 }
    assertThat(saved).hasSizeGreaterThanOrEqualTo(2).allSatisfy { assertThat(it.parent).isEqualTo(folder) }
  }

  @Test
  fun aWholeModuleIsTrainedSavedAndAdapted(@TempDir folder: Path) {
    val base = seeded(1) { BaseModel() }
    val before = base.parameters().map { it.toFloats().toList() }
    val result =
      train(base) {
        adamW(lr = 1e-2)
        epochs = 2
        data(batches) { (x, y) -> base(x).mseLoss(y) }
        evaluate(evaluator = Evaluator.meanLoss(Batches.of(batches)) { (x, y) -> base(x).mseLoss(y) })
        reduceOnPlateau(Plateau.of(0.5, 1))
        checkpoints(folder.resolve("run"), resume = true)
      }
    assertThat(result.state().step()).isEqualTo(12)
    assertThat(base.parameters().map { it.toFloats().toList() }).isNotEqualTo(before)
    base.save(folder.resolve("base.safetensors"))
    val adapted = model()
    adapted.load(folder.resolve("base.safetensors"))
    val x = batches[0].x
    adapted.eval()
    assertThat(adapted(x).toFloats()).isEqualTo(base(x).toFloats())
    adapted.saveMerged(folder.resolve("merged"))
    val plain = BaseModel()
    plain.load(folder.resolve("merged"))
    assertThat(plain(x).toFloats()).isEqualTo(base(x).toFloats())
  }

  @Test
  fun whatIsMissingIsNamed() {
    assertThatThrownBy { train(model()) { data(batches) { it.x } } }
      .isInstanceOf(IllegalArgumentException::class.java)
      .hasMessageContaining("adamW(lr")
    assertThatThrownBy { train(model()) { adamW(lr = 1e-3) } }
      .isInstanceOf(IllegalArgumentException::class.java)
      .hasMessageContaining("data(batches)")
    assertThatThrownBy { train(model()) { adamW(lr = 1e-3); epochs = -1; data(batches) { it.x } } }
      .hasMessageContaining("epochs is -1")
  }

  @Test
  fun withoutEpochsAndStepsItIsOneEpoch() {
    val model = model()
    val result =
      train(model) {
        adamW(lr = 1e-3)
        data(batches) { (x, y) -> model(x).mseLoss(y) }
      }
    assertThat(result.state().step()).isEqualTo(6)
  }

  @Test
  fun theBlockHasEverySettingOfTheBuilder() {
    val settings =
      TrainingSettings.Builder::class
        .java
        .declaredMethods
        .filter { Modifier.isPublic(it.modifiers) && it.name != "build" }
        .map { it.name }
    val scope = TrainScope::class.java.methods.map { it.name }.toSet()
    // parameters of evaluate and checkpoints
    val elsewhere = mapOf("monitor" to "evaluate", "checkpoint" to "checkpoints", "keep" to "checkpoints")
    assertThat(settings).isNotEmpty().allSatisfy { name ->
      val setter = "set" + name.replaceFirstChar(Char::uppercase)
      assertThat(listOf(name, setter, elsewhere[name])).`as`(name).anyMatch { it in scope }
    }
  }
}
