package dev.peft4j.samples.kotlin

import dev.peft4j.kotlin.invoke
import dev.peft4j.kotlin.matmul
import dev.peft4j.kotlin.plus
import dev.peft4j.kotlin.randomNormal
import dev.peft4j.kotlin.seeded
import dev.peft4j.kotlin.tensorOf
import dev.peft4j.nn.Parameter
import dev.peft4j.optim.AdamW
import dev.peft4j.tensor.Tensor
import java.nio.file.Path
import kotlin.io.path.fileSize
import kotlin.io.path.listDirectoryEntries
import kotlin.math.abs
import kotlin.system.exitProcess

private const val SEED = 42L
private const val STEPS = 150

/** Adapt, train, save, reload, merge. The property `out` names the folder for the adapter. */
fun main() {
  val out = Path.of(System.getProperty("out", "target/kotlin"))
  exitProcess(if (Workflow().run(out)) 0 else 1)
}

/** The workflow of parameter-efficient fine-tuning on the smallest model. */
internal class Workflow {
  private var allHold = true

  /** True if every comparison holds. */
  fun run(out: Path): Boolean {
    title("1. A base model")
    // Layers draw their first weights from the generator in scope: same seed, same weights.
    val base = seeded(SEED) { BaseModel(2, 4) }
    base.namedParameters().forEach(::println)

    title("2. The same model with an adapter: BaseModelPeft, which @Peft asked for")
    val model = seeded(SEED) { BaseModelPeft(2, 4) }
    model.namedParameters().forEach(::println)
    println(model.trainableSummary())

    title("3. Training: only A and B change")
    val x = randomNormal(64, 2, seed = 1)
    val y = task(base, x)
    val optimizer = AdamW.of(model.trainableParameters(), 5e-3f)
    val losses = List(STEPS) { step ->
      val loss = model(x).mseLoss(y)
      loss.backward()
      optimizer.step() // forward, backward and update run here, as one program
      loss.item().also { if (step % 25 == 0 || step == STEPS - 1) println("step %3d  loss %.6f".format(step, it)) }
    }
    check("the loss fell to less than a hundredth", losses.last() < losses.first() / 100)
    val same = frozen(model.parameters()) == frozen(base.parameters(), all = true)
    check("the base weights are the same, bit by bit", same)

    title("4. Saving and reloading")
    val trained = model(x).toFloats()
    model.save(out)
    out.listDirectoryEntries().sorted().forEach { println("$it  ${it.fileSize()} bytes") }
    val reloaded = seeded(SEED) { BaseModelPeft(2, 4) }
    reloaded.load(out)
    check("the reloaded model computes the same, bit by bit", reloaded(x).toFloats().contentEquals(trained))

    title("5. Merging: W + alpha / r * B A, an ordinary linear layer again")
    reloaded.mergeAndUnload()
    reloaded.namedParameters().forEach(::println)
    val merged = reloaded(x).toFloats()
    val difference = trained.indices.maxOf { abs(trained[it] - merged[it]) }
    println("largest difference between adapter and merged weights: %.1e".format(difference))
    check("the merged model computes the same", difference < 1e-5)
    return allHold
  }

  /** What is to be learned: the base model with another weight, which differs by a rank of one. */
  private fun task(base: BaseModel, x: Tensor): Tensor {
    val column = tensorOf(1f, -0.5f, 0.5f, 2f, shape = intArrayOf(4, 1))
    val change = column matmul tensorOf(0.8f, -0.6f, shape = intArrayOf(1, 2))
    return x.linear(base.linear.weight() + change, base.linear.bias()).detach()
  }

  /** The values of the parameters that are not trained. */
  private fun frozen(parameters: List<Parameter>, all: Boolean = false) =
    parameters.filter { all || !it.trainable() }.map { it.own().toFloats().toList() }

  private fun title(text: String) = println("\n$text")

  private fun check(claim: String, holds: Boolean) {
    println((if (holds) "ok      " else "FAILED  ") + claim)
    allHold = allHold && holds
  }
}
