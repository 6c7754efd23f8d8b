package dev.peft4j.samples.kotlin

import java.nio.file.Path
import org.assertj.core.api.Assertions.assertThat
import org.junit.jupiter.api.Test
import org.junit.jupiter.api.io.TempDir

/** The processor on Kotlin classes. */
class KaptTest {
  @TempDir private lateinit var folder: Path

  @Test
  fun modelsAsKotlinWritesThem() {
    val project =
      KotlinProject(folder)
        .source(
          "Models.kt",
          """
          import dev.peft4j.annotation.*
          import dev.peft4j.kotlin.*
          import dev.peft4j.nn.*
          import dev.peft4j.tensor.Tensor

          class Block(width: Int) : Module(), Layer {
            val qProj = Linear(width, width)
            private val hidden = Linear(width, width)
            override fun forward(x: Tensor) = hidden(qProj(x).relu())
          }

          data class Ends(val first: Linear, val last: Linear?)

          @Peft(target = ["q_proj", "head", "side"], r = 2, exclude = ["blocks.1.q_proj"])
          open class Tower(width: Int = 4, depth: Int = 3, private val scale: Float = 1f) : Module(), Layer {
            val blocks = List(depth) { Block(width) }
            val sides: Map<String, Linear> = mapOf("left" to Linear(width, width))
            lateinit var side: Linear
              private set
            @field:CheckpointName("head") val classifier = Linear(width, 2)
            val unused: Linear? = null

            init { build(width) }

            private fun build(width: Int) { side = Linear(width, width, false) }

            override fun forward(x: Tensor): Tensor =
              classifier(side(blocks.fold(x) { y, block -> block(y) })) * scale

            companion object { const val NAME = "tower" }
          }
          """,
        )
        .source(
          "Use.kt",
          """
          import dev.peft4j.kotlin.*

          fun main() {
            val fresh: Tower = TowerPeft()
            println((fresh as TowerPeft).trainableSummary())
            val model = seeded(1) { TowerPeft(4, 2, 0.5f) }
            model.namedParameters().filter { it.parameter().trainable() }.forEach { println(it.name()) }
            val x = randomNormal(3, 4, seed = 1)
            println(model(x).shape())
            println(model.adapters().config("default"))
            val base = seeded(1) { Tower(depth = 2, scale = 0.5f) }
            val same = TowerPeft.adapt(base)
            println(same(x).toFloats().contentEquals(base(x).toFloats()))
          }
          """,
        )
        .compile()
    val lines = project.run("Use.kt").lines()
    assertThat(lines[0]).startsWith("trainable params: ")
    assertThat(lines.drop(1).take(6))
      .containsExactly(
        "base_model.model.blocks.0.q_proj.lora_A.default.weight",
        "base_model.model.blocks.0.q_proj.lora_B.default.weight",
        "base_model.model.side.lora_A.default.weight",
        "base_model.model.side.lora_B.default.weight",
        "base_model.model.head.lora_A.default.weight",
        "base_model.model.head.lora_B.default.weight",
      )
    assertThat(lines[7]).contains("3", "2")
    assertThat(lines[8]).contains("r=2")
    assertThat(lines[9]).isEqualTo("true")
  }

  @Test
  fun aWrongTargetStandsInTheKotlinSource() {
    val said = kapt("@Peft(target = [\"linear\", \"linaer\"], r = 1)", "open class Model : Module()")
    assertThat(said).contains("PEFT041: Model has no module called \"linaer\"", "Did you mean \"linear\"?")
    assertThat(said).contains("Model.kt:4: error: ")
  }

  @Test
  fun aClassThatIsNotOpenIsToldHow() {
    val said = kapt("@Peft(target = [\"linear\"])", "class Model : Module()")
    assertThat(said).contains("PEFT002: Model is final", "in Kotlin: write open")
  }

  @Test
  fun valuesAreChecked() {
    val said = kapt("@Peft(target = [\"linear\"], r = 0, alpha = -1.0)", "open class Model : Module()")
    assertThat(said).contains("PEFT024", "PEFT025")
  }

  private fun kapt(annotation: String, head: String) =
    KotlinProject(folder)
      .source(
        "Model.kt",
        """
        import dev.peft4j.annotation.Peft
        import dev.peft4j.nn.*

        $annotation
        $head {
          val linear = Linear(2, 4)
        }
        """
          .trimIndent()
          .trim(),
      )
      .kapt()
}
