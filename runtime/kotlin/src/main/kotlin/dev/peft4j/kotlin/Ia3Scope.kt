package dev.peft4j.kotlin

import dev.peft4j.tuner.ia3.Ia3Config

/** Settings of IA3; see [Ia3Config]. What is not set has peft's default. */
@PeftDsl
public class Ia3Scope internal constructor() : TargetsScope() {
  private val builder = Ia3Config.builder()

  /** Whether the vectors start as ones; otherwise they are drawn from N(0, 1). */
  public var initWeights: Boolean = true

  /** peft's task type, for example `SEQ_CLS`. */
  public var taskType: String? = null

  /** The name of the base model. */
  public var baseModel: String? = null

  /** Sets the targets whose inputs are multiplied instead of their results; each is written as in the targets. */
  public fun feedforward(vararg names: String) {
    builder.feedforward(*names)
  }

  /** Sets the same as a regular expression for the whole path. */
  public fun feedforwardRegex(regex: String) {
    builder.feedforwardRegex(regex)
  }

  internal fun build(): Ia3Config =
    builder.initWeights(initWeights).taskType(taskType).baseModel(baseModel).build().withTargets(targetSpec())
}
