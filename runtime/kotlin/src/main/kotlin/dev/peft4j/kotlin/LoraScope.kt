package dev.peft4j.kotlin

import dev.peft4j.annotation.Bias
import dev.peft4j.annotation.Init
import dev.peft4j.tuner.lora.LoraConfig
import dev.peft4j.tuner.lora.LoraVariant

/** Settings of LoRA; see [LoraConfig]. What is not set has peft's default. */
@PeftDsl
public class LoraScope internal constructor() : TargetsScope() {
  private val builder = LoraConfig.builder()

  /** The rank; at least 1. */
  public var r: Int = 8

  /** The numerator of the scale alpha / r; positive. */
  public var alpha: Double = 8.0

  /** Dropout of the adapter's input; in [0, 1). */
  public var dropout: Double = 0.0

  /** Which biases of the base model are trained. */
  public var bias: Bias = Bias.NONE

  /** Whether the scale is alpha / √r. */
  public var rslora: Boolean = false

  /** Whether direction and magnitude of the weights are trained separately (DoRA). */
  public var dora: Boolean = false

  /** Whether B has a bias. */
  public var loraBias: Boolean = false

  /** The initial values of A and B. */
  public var init: Init = Init.DEFAULT

  /** With [Init.PISSA]: the iterations of an approximate start; -1 is exact. */
  public var pissaIterations: Int = EXACT

  /** peft's `fan_in_fan_out`; the layers know it themselves, so it is only written to files. */
  public var fanInFanOut: Boolean = false

  /** Whether layers that share one weight share one adapter; null: where that is possible. */
  public var ensureWeightTying: Boolean? = null

  /** A kind of LoRA that changes more than the start: KaSA, BD-LoRA, VeLoRA or aLoRA; null for none. */
  public var variant: LoraVariant? = null

  /** The settings of a start that was prepared with data (peft's `eva_config` and others), as JSON; null for none. */
  public var startSettings: String? = null

  /** peft's task type, for example `SEQ_CLS`. */
  public var taskType: String? = null

  /** The name of the base model. */
  public var baseModel: String? = null

  /** Sets another rank for layers whose path ends in [key]. */
  public fun rankPattern(key: String, rank: Int) {
    builder.rankPattern(key, rank)
  }

  /** Sets another alpha for layers whose path ends in [key]. */
  public fun alphaPattern(key: String, alpha: Double) {
    builder.alphaPattern(key, alpha)
  }

  /** Trains these rows of the model's input embedding, too. */
  public fun trainableTokens(vararg ids: Int) {
    builder.trainableTokens(*ids)
  }

  /** Trains these rows of the embedding at [embedding], a path or the end of one, too. */
  public fun trainableTokens(embedding: String, vararg ids: Int) {
    builder.trainableTokens(embedding, *ids)
  }

  /** Adds bare parameters, such as `experts.up`, that get adapters besides the targets. */
  public fun targetParameters(vararg names: String) {
    builder.targetParameters(*names)
  }

  /** Adds the blocks from [from] to [to] - 1 to those that the model is to consist of. */
  public fun layerReplication(from: Int, to: Int) {
    builder.layerReplication(from, to)
  }

  /** Asks for KaSA; see [LoraVariant.Kasa]. */
  public fun kasa(beta: Double = 1e-4, gamma: Double = 1e-3) {
    builder.kasa(beta, gamma)
  }

  /** Asks for block-diagonal LoRA; see [LoraVariant.BlockDiagonal]. */
  public fun blockDiagonal(
    ofA: List<String> = listOf(),
    ofB: List<String> = listOf(),
    blocks: Int = 1,
    strict: Boolean = true,
  ) {
    builder.blockDiagonal(ofA, ofB, blocks, strict)
  }

  /** Asks for VeLoRA; see [LoraVariant.Velora]. */
  public fun velora(groups: Int = GROUPS, scale: Double = 1.0, direction: String = "batch_average") {
    builder.velora(groups, scale, direction)
  }

  /** Asks for MonteCLoRA; see [LoraVariant.MonteClora]. */
  public fun monteClora(
    samples: Int = SAMPLES,
    scale: Double = 1e-4,
    bufferSize: Int = DRAWS,
    divergenceWeight: Double = 1e-5,
    dirichletPrior: Double = 0.1,
    entropy: Boolean = false,
  ) {
    builder.monteClora(samples, scale, bufferSize, divergenceWeight, dirichletPrior, entropy)
  }

  /** Asks for activated LoRA, which acts from the last place of these tokens on. */
  public fun invocationTokens(vararg ids: Int) {
    builder.invocationTokens(*ids)
  }

  /** Asks for the start EVA, which `LoraData.start` makes from data. */
  public fun eva(rho: Double = 2.0, tau: Double = 0.99, whiten: Boolean = false) {
    builder.eva(rho, tau, whiten)
    init = Init.EVA
  }

  /** Asks for the start CorDA, which `LoraData.start` makes from data. */
  public fun corda(method: String = "ipm") {
    builder.corda(method)
    init = Init.CORDA
  }

  /** Asks for the start LoRA-GA, which `LoraData.start` makes from data. */
  public fun loraGa(direction: String = "ArB2r", scale: String = "stable", gamma: Double = GAMMA) {
    builder.loraGa(direction, scale, gamma)
    init = Init.LORA_GA
  }

  /** Asks for the start LoftQ, which `LoraData.start` makes. */
  public fun loftq(bits: Int = BITS, iterations: Int = 1) {
    builder.loftq(bits, iterations)
    init = Init.LOFTQ
  }

  internal fun build(): LoraConfig {
    builder.r(r).alpha(alpha).dropout(dropout).bias(bias).rslora(rslora).dora(dora).loraBias(loraBias)
    // in this order, so that iterations with another start are reported as an error
    if (pissaIterations != EXACT) builder.pissa(pissaIterations)
    builder.init(init)
    variant?.let(builder::variant)
    startSettings?.let(builder::startSettings)
    ensureWeightTying?.let(builder::ensureWeightTying)
    return builder.fanInFanOut(fanInFanOut).taskType(taskType).baseModel(baseModel).build().withTargets(targetSpec())
  }

  private companion object {
    const val EXACT = -1
    const val GROUPS = 64
    const val SAMPLES = 8
    const val DRAWS = 150
    const val GAMMA = 16.0
    const val BITS = 4
  }
}
