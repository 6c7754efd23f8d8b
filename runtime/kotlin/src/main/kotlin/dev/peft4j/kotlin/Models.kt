package dev.peft4j.kotlin

import dev.peft4j.nn.Layer
import dev.peft4j.nn.Module
import dev.peft4j.tensor.Tensor
import dev.peft4j.tuner.AdaptedModel
import dev.peft4j.tuner.PeftConfig
import dev.peft4j.tuner.PeftModel
import java.nio.file.Path

/** Returns the result for [x]: `linear(x)` is `linear.forward(x)`. */
public operator fun Layer.invoke(x: Tensor): Tensor = forward(x)

/** Calls the model with its adapters: `model(x)`. */
public operator fun <M> AdaptedModel<M>.invoke(x: Tensor): Tensor where M : Module, M : Layer =
  call { m: M -> m.forward(x) }

/** Calls the model with its adapters, for models with inputs of their own: `model { forward(ids, mask) }`. */
public operator fun <M : Module, T : Any> AdaptedModel<M>.invoke(body: M.() -> T): T = call { m: M -> m.body() }

/**
 * Attaches adapters to a model as it is: `peft(model) { lora { target("linear"); r = 1; alpha = 4.0 } }`. The first one
 * is active.
 *
 * @throws IllegalArgumentException if there is no adapter, a setting is wrong, or a target names nothing
 */
public fun <M : Module> peft(base: M, block: AdaptersScope.() -> Unit): AdaptedModel<M> {
  val adapters = AdaptersScope().apply(block).adapters
  require(adapters.isNotEmpty()) { "peft { } gives no adapter: say which, for example lora { target(\"linear\") }" }
  val (name, config) = adapters.first()
  val model = PeftModel.of(base, config, name)
  adapters.drop(1).forEach { (other, itsConfig) -> model.adapters().addMatching(other, itsConfig) }
  return model
}

/** Attaches an adapter with existing settings. */
public fun <M : Module> peft(base: M, config: PeftConfig, adapter: String = DEFAULT_ADAPTER): AdaptedModel<M> =
  PeftModel.of(base, config, adapter)

/**
 * Attaches a saved adapter, of this library or of peft, to a model: for inference, or for training if [trainable].
 *
 * @throws java.io.UncheckedIOException if the files are missing or broken
 * @throws dev.peft4j.io.StateDictException if the adapter does not fit the model
 */
public fun <M : Module> loadPeft(base: M, folder: Path, trainable: Boolean = false): AdaptedModel<M> =
  PeftModel.load(base, folder, trainable)

/** Adds adapters to the model; they are not active. */
public fun PeftModel.addAdapters(block: AdaptersScope.() -> Unit) {
  AdaptersScope().apply(block).adapters.forEach { (name, config) -> adapters().addMatching(name, config) }
}

/** Runs [body], on this thread, with these adapters together. */
public fun <T : Any> PeftModel.withAdapters(vararg names: String, body: () -> T): T =
  adapters().with(names.toList(), body)
