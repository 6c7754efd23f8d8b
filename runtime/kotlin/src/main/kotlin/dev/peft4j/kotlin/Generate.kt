package dev.peft4j.kotlin

import dev.peft4j.constraint.Constraint
import dev.peft4j.generate.EarlyStopping
import dev.peft4j.generate.GenerationConfig
import dev.peft4j.generate.GenerationConfigBuilder
import dev.peft4j.generate.GenerationListener
import dev.peft4j.generate.GenerationRequest
import dev.peft4j.generate.GenerationResult
import dev.peft4j.generate.Generator
import dev.peft4j.transformers.CausalLm
import dev.peft4j.transformers.Tokenizer
import dev.peft4j.tuner.AdaptedModel
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.channels.Channel
import kotlinx.coroutines.flow.Flow
import kotlinx.coroutines.flow.buffer
import kotlinx.coroutines.flow.channelFlow
import kotlinx.coroutines.flow.flowOn
import kotlinx.coroutines.isActive

/**
 * Continues prompts with a language model. Needs `peft4j-transformers`.
 *
 * ```
 * val result = generate(model, tokenizer) {
 *   prompt("Once upon a time")
 *   maxNewTokens = 100
 *   temperature = 0.7
 *   onToken { print(it) }
 * }
 * ```
 *
 * @throws IllegalArgumentException if there is no prompt, a prompt is too long, or a setting does not fit
 */
public fun generate(model: CausalLm, tokenizer: Tokenizer, block: GenerateScope.() -> Unit): GenerationResult =
  generate(Generator.of(model, tokenizer), block)

/** Continues prompts with an adapted language model: with its active adapter, or with [GenerateScope.adapter]. */
public fun generate(
  model: AdaptedModel<out CausalLm>,
  tokenizer: Tokenizer,
  block: GenerateScope.() -> Unit,
): GenerationResult = generate(generator(model, tokenizer), block)

/** Continues prompts with a generator, from its settings on. */
public fun generate(generator: Generator, block: GenerateScope.() -> Unit): GenerationResult =
  GenerateScope(generator).apply(block).run { false }

/**
 * Returns the text that follows the first prompt, part by part as it is generated, on another thread. Each collection
 * generates anew; it ends early if the collector does. Needs `kotlinx-coroutines-core`.
 */
public fun textFlow(model: CausalLm, tokenizer: Tokenizer, block: GenerateScope.() -> Unit): Flow<String> =
  textFlow(Generator.of(model, tokenizer), block)

/** Returns the text of an adapted language model as a flow. */
public fun textFlow(
  model: AdaptedModel<out CausalLm>,
  tokenizer: Tokenizer,
  block: GenerateScope.() -> Unit,
): Flow<String> = textFlow(generator(model, tokenizer), block)

/** Returns the text of a generator as a flow. */
public fun textFlow(generator: Generator, block: GenerateScope.() -> Unit): Flow<String> =
  channelFlow {
      val scope = GenerateScope(generator).apply(block)
      scope.onToken { trySend(it) }
      scope.run { !isActive }
    }
    .buffer(Channel.UNLIMITED)
    .flowOn(Dispatchers.Default)

private fun generator(model: AdaptedModel<out CausalLm>, tokenizer: Tokenizer): Generator =
  Generator.of(model.model(), tokenizer).with(model.adapters())

/** The block of [generate]; what it does not set has the default of the generator's [GenerationConfig]. */
@PeftDsl
public class GenerateScope internal constructor(private val generator: Generator) {
  private val settings: GenerationConfigBuilder = generator.config().toBuilder()
  private val prompts = mutableListOf<String>()
  private val hearers = mutableListOf<(Int, String) -> Unit>()

  /** The adapter that acts; the active ones if it is null. */
  public var adapter: String? = null

  /** The largest number of new tokens. */
  public var maxNewTokens: Int? = null
    set(value) {
      field = value
      value?.let(settings::maxNewTokens)
    }

  /** What scores are divided by before sampling. */
  public var temperature: Double? = null
    set(value) {
      field = value
      value?.let(settings::temperature)
    }

  /** How many of the most probable tokens are kept; 0 for all. */
  public var topK: Int? = null
    set(value) {
      field = value
      value?.let(settings::topK)
    }

  /** The probability that the most probable tokens, which are kept, have together. */
  public var topP: Double? = null
    set(value) {
      field = value
      value?.let(settings::topP)
    }

  /** The least probability of a token that is kept, as a share of the largest one. */
  public var minP: Double? = null
    set(value) {
      field = value
      value?.let(settings::minP)
    }

  /** A rule that the new text keeps: a [Constraint.regex], or a [Constraint.jsonSchema]. */
  public var constraint: Constraint? = null
    set(value) {
      field = value
      settings.constraint(value)
    }

  /** The new text is JSON that is valid under a schema; see [Constraint.jsonSchema]. */
  public fun jsonSchema(schema: String) {
    constraint = Constraint.jsonSchema(schema)
  }

  /** The new text matches a regular expression; see [Constraint.regex]. */
  public fun regex(pattern: String) {
    constraint = Constraint.regex(pattern)
  }

  /** Above 1, tokens that occur already become less probable. */
  public var repetitionPenalty: Double? = null
    set(value) {
      field = value
      value?.let(settings::repetitionPenalty)
    }

  /** The number of beams. */
  public var numBeams: Int? = null
    set(value) {
      field = value
      value?.let(settings::numBeams)
    }

  /** When beam search ends. */
  public var earlyStopping: EarlyStopping? = null
    set(value) {
      field = value
      value?.let(settings::earlyStopping)
    }

  /** Where random numbers begin: the same seed gives the same text. */
  public var seed: Long? = null
    set(value) {
      field = value
      value?.let(settings::seed)
    }

  /** Adds a prompt; several are continued together. */
  public fun prompt(text: String) {
    prompts += text
  }

  /** Sets texts at which the text ends; they are not part of it. */
  public fun stop(vararg texts: String) {
    settings.stopStrings(*texts)
  }

  /** Sets any other setting: `settings { noRepeatNgramSize(3) }`. */
  public fun settings(block: GenerationConfigBuilder.() -> Unit) {
    settings.block()
  }

  /** Hears the text of the first prompt part by part, as soon as it is certain. */
  public fun onToken(hear: (String) -> Unit) {
    hearers += { row, part -> if (row == 0) hear(part) }
  }

  /** Hears the text of every prompt, with the prompt's index. */
  public fun onText(hear: (row: Int, part: String) -> Unit) {
    hearers += hear
  }

  internal fun run(cancelled: () -> Boolean): GenerationResult {
    require(prompts.isNotEmpty()) { "generate { } has no prompt: say what to continue, with prompt(\"...\")" }
    val config = settings.build()
    val requests: List<GenerationRequest> = prompts.map { generator.request(it, config, adapter) }
    return generator.run(
      requests,
      object : GenerationListener {
        override fun onText(row: Int, part: String) = hearers.forEach { it(row, part) }

        override fun cancelled(): Boolean = cancelled()
      },
    )
  }
}
