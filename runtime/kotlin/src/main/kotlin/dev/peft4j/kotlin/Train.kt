package dev.peft4j.kotlin

import dev.peft4j.nn.Parameter
import dev.peft4j.nn.Trainable
import dev.peft4j.optim.AdamW
import dev.peft4j.optim.Optimizer
import dev.peft4j.optim.Plateau
import dev.peft4j.optim.Schedule
import dev.peft4j.optim.Sgd
import dev.peft4j.tensor.Tensor
import dev.peft4j.train.Batches
import dev.peft4j.train.Evaluator
import dev.peft4j.train.Every
import dev.peft4j.train.Monitor
import dev.peft4j.train.Trainer
import dev.peft4j.train.TrainingEvent
import dev.peft4j.train.TrainingListener
import dev.peft4j.train.TrainingResult
import dev.peft4j.train.TrainingSettings
import java.nio.file.Path
import java.util.function.LongFunction

/**
 * Trains the active adapter of an adapted model, or a whole module.
 *
 * ```
 * train(model) {
 *   adamW(lr = 1e-2)
 *   epochs = 3
 *   data(batches) { (x, y) -> model(x).mseLoss(y) }
 *   onStep { println("${it.state().step()}: ${it.loss()}") }
 * }
 * ```
 *
 * With [TrainScope.checkpoints] and `resume` it continues from the latest checkpoint, if there is one.
 *
 * @throws IllegalArgumentException if data or optimizer are missing, or a setting is wrong
 * @throws dev.peft4j.train.TrainingDivergedException if a loss, gradient or parameter is not finite
 */
public fun train(model: Trainable, block: TrainScope.() -> Unit): TrainingResult = TrainScope().apply(block).run(model)

/** Returns the [Trainer] that [train] would run, not yet started. */
public fun trainer(model: Trainable, block: TrainScope.() -> Unit): Trainer<*> =
  TrainScope().apply(block).trainer(model)

/**
 * The block of [train]; what it does not set has the default of [TrainingSettings]. Training lasts one epoch if neither
 * epochs nor steps are given.
 */
@PeftDsl
public class TrainScope internal constructor() {
  private var optimizer: ((List<Parameter>) -> Optimizer)? = null
  private var data: ((Trainable, Optimizer) -> Trainer<*>)? = null
  private var evaluator: Evaluator? = null
  private var folder: Path? = null
  private var resume = false
  private val listeners = mutableListOf<TrainingListener>()
  private val remembered = mutableMapOf<String, String>()
  private val settings = TrainingSettings.builder()

  /** Passes over the data; with [steps] as well, training stops at whichever comes first. */
  public var epochs: Long = 0

  /** Optimizer steps. */
  public var steps: Long = 0

  /** Batches that make one step, as one large batch would. */
  public var accumulation: Int = 1

  /** Largest common norm of the gradients; 0 does not clip. */
  public var clipNorm: Double = 0.0

  /** Seed of the generator that is current while training: of dropout, for example. */
  public var seed: Long = 0

  /** Sets the training data, batches in this order in each epoch, and the loss of a batch, a single value. */
  public fun <B : Any> data(batches: List<B>, loss: (B) -> Tensor) {
    data(Batches.of(batches), loss)
  }

  /** Sets the training data, and the loss of a batch, a single value. */
  public fun <B : Any> data(batches: Batches<B>, loss: (B) -> Tensor) {
    data = { model, optimizer -> Trainer.of(model, optimizer, batches, loss) }
  }

  /**
   * Sets the training data for a loss that does not show how many things (rows, tokens) it is the mean of: [counting]
   * gives that number. See [Trainer.counting].
   */
  public fun <B : Any> data(batches: Batches<B>, counting: (B) -> Double, loss: (B) -> Tensor) {
    data = { model, optimizer -> Trainer.of(model, optimizer, batches, loss).counting { counting(it) } }
  }

  /**
   * Stores a fact about the run in its checkpoints, such as the names of labels; a run with another value is not
   * resumed from them. See [Trainer.remember].
   */
  public fun remember(what: String, value: String) {
    remembered[what] = value
  }

  /**
   * Sets AdamW as the optimizer, with torch's defaults except for the learning rate. Biases and the weights of norms do
   * not decay, unless [decayAll].
   */
  public fun adamW(
    lr: Double,
    betas: Pair<Double, Double> = 0.9 to 0.999,
    eps: Double = 1e-8,
    weightDecay: Double = 0.01,
    decayAll: Boolean = false,
  ) {
    val builder = AdamW.builder().lr(lr.toFloat()).betas(betas.first, betas.second).eps(eps).weightDecay(weightDecay)
    if (decayAll) builder.decayAll()
    optimizer(builder::build)
  }

  /** Sets stochastic gradient descent as the optimizer. */
  public fun sgd(lr: Double, momentum: Double = 0.0) {
    optimizer { Sgd.of(it, lr.toFloat(), momentum.toFloat()) }
  }

  /** Sets any optimizer; [make] gets the parameters that are trained. */
  public fun optimizer(make: (List<Parameter>) -> Optimizer) {
    optimizer = make
  }

  /** Sets the schedule of the learning rate, as a factor of the optimizer's. */
  public fun schedule(value: Schedule) {
    settings.schedule(value)
  }

  /** Sets the schedule by the total number of steps: `scheduleOver { Schedule.linear(it / 10, it) }`. */
  public fun scheduleOver(ofTotal: (Long) -> Schedule) {
    settings.scheduleOver(LongFunction { ofTotal(it) })
  }

  /** Lowers the rate when the monitored number stops improving: torch's `ReduceLROnPlateau`. */
  public fun reduceOnPlateau(value: Plateau) {
    settings.reduceOnPlateau(value)
  }

  /** Evaluates the model regularly and at the end; [monitor] says which number counts. */
  public fun evaluate(every: Every = Every.epoch(), monitor: Monitor = Monitor.lowest("loss"), evaluator: Evaluator) {
    this.evaluator = evaluator
    settings.evaluate(every).monitor(monitor)
  }

  /**
   * Writes checkpoints to a folder of this run alone, and keeps the latest [keep] and that of the best evaluation. With
   * [resume] the run continues from the latest of them, if there is one.
   */
  public fun checkpoints(folder: Path, every: Every = Every.epoch(), keep: Int = 2, resume: Boolean = false) {
    this.folder = folder
    this.resume = resume
    settings.checkpoint(every).keep(keep)
  }

  /** Adds a listener to what happens in training. */
  public fun listener(listener: TrainingListener) {
    listeners += listener
  }

  /** Calls [body] after each step. */
  public fun onStep(body: (TrainingEvent.Step) -> Unit): Unit = listener { if (it is TrainingEvent.Step) body(it) }

  /** Calls [body] after each evaluation. */
  public fun onEvaluated(body: (TrainingEvent.Evaluated) -> Unit): Unit = listener {
    if (it is TrainingEvent.Evaluated) body(it)
  }

  /** Calls [body] after each checkpoint. */
  public fun onSaved(body: (TrainingEvent.Saved) -> Unit): Unit = listener { if (it is TrainingEvent.Saved) body(it) }

  internal fun run(model: Trainable): TrainingResult {
    val trainer = trainer(model)
    return if (resume) trainer.resume() else trainer.run()
  }

  internal fun trainer(model: Trainable): Trainer<*> {
    val make = requireNotNull(optimizer) { "train { } names no optimizer: write for example adamW(lr = 1e-3)" }
    val start = requireNotNull(data) { "train { } has no data: write data(batches) { batch -> the loss }" }
    if (epochs == 0L && steps == 0L) epochs = 1
    settings.epochs(epochs).steps(steps).accumulation(accumulation).clipNorm(clipNorm.toFloat()).seed(seed)
    val trainer = start(model, make(model.trainableParameters())).settings(settings.build())
    listeners.forEach(trainer::listener)
    remembered.forEach { (what, value) -> trainer.remember(what, value) }
    evaluator?.let(trainer::evaluator)
    folder?.let(trainer::checkpoints)
    return trainer
  }
}
