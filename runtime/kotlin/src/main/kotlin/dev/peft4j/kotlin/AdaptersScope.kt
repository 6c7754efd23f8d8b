package dev.peft4j.kotlin

import dev.peft4j.target.TargetSpec
import dev.peft4j.tuner.ConfigBuilder
import dev.peft4j.tuner.PeftConfig
import dev.peft4j.tuner.lora.LoraConfig
import dev.peft4j.tuner.tokens.TrainableTokensConfig

/** The name of an adapter that was given none. */
public const val DEFAULT_ADAPTER: String = "default"

/** Marks the blocks of this library: a block does not see what belongs to the one around it. */
@DslMarker
@Target(AnnotationTarget.CLASS)
public annotation class PeftDsl

/** What the block of [peft] gives: one adapter or several, each with a name. */
@PeftDsl
public class AdaptersScope internal constructor() {
  internal val adapters = mutableListOf<Pair<String, PeftConfig>>()

  /** LoRA. */
  public fun lora(adapter: String = DEFAULT_ADAPTER, block: LoraScope.() -> Unit) {
    adapter(adapter, loraConfig(block))
  }

  /** IA3. */
  public fun ia3(adapter: String = DEFAULT_ADAPTER, block: Ia3Scope.() -> Unit) {
    adapter(adapter, Ia3Scope().apply(block).build())
  }

  /** Rows of embeddings that are trained; without targets of the model's input embedding. */
  public fun trainableTokens(vararg ids: Int, adapter: String = DEFAULT_ADAPTER, block: TargetsScope.() -> Unit = {}) {
    adapter(adapter, TrainableTokensConfig.of(targets(block), *ids))
  }

  /** An adapter of any tuner. */
  public fun adapter(name: String, config: PeftConfig) {
    adapters += name to config
  }

  /** An adapter of any tuner, by the builder of its settings: `adapter(Ia3Config.builder()) { targets("fc1") }`. */
  public fun <B : ConfigBuilder<B>> adapter(builder: B, adapter: String = DEFAULT_ADAPTER, block: B.() -> Unit) {
    adapter(adapter, builder.apply(block).build())
  }

  private fun targets(block: TargetsScope.() -> Unit): TargetSpec = TargetsScope().apply(block).targetSpec()
}

/** Settings of LoRA, as in a block of [peft]: `loraConfig { target("q_proj", "v_proj"); r = 16 }`. */
public fun loraConfig(block: LoraScope.() -> Unit): LoraConfig = LoraScope().apply(block).build()
