package dev.peft4j.kotlin

import java.nio.file.Path
import org.assertj.core.api.Assertions.assertThat
import org.junit.jupiter.api.Test
import org.junit.jupiter.api.io.TempDir

/** JSpecify's annotations are types to Kotlin: what may be null does not compile where it must not be. */
class NullnessTest {
  @TempDir private lateinit var folder: Path

  /** Declarations, and what the compiler says about each; nothing where it must compile. */
  private val cases =
    mapOf(
      "fun bias(l: Linear): Parameter? = l.bias()" to null,
      "fun noBias(l: Linear): Parameter = l.bias()" to "expected 'Parameter', actual 'Parameter?'",
      "fun gradient(p: Parameter): Tensor = p.grad()" to "expected 'Tensor', actual 'Tensor?'",
      "fun length(c: LoraConfig): Int = c.taskType().length" to "only safe (?.)",
      "fun call(l: Linear, x: Tensor): Tensor = l.forward(x)" to null,
      "fun callNull(l: Linear): Tensor = l.forward(null)" to "null cannot be a value of a non-null type 'Tensor'",
      "fun noBiasGiven(w: Parameter): Linear = Linear(w, null)" to null,
      "fun noWeight(): Linear = Linear(null, null)" to "none of the following candidates is applicable",
      "fun sam(m: AdaptedModel<Linear>, x: Tensor): Tensor = m.call { l -> l.forward(x) }" to null,
      "fun samNull(m: AdaptedModel<Linear>): String = m.call { l -> null }" to
        "null cannot be a value of a non-null type",
      "fun noType(m: PeftModel) = m.withAdapter(null) { 1 }" to "null cannot be a value of a non-null type 'String'",
    )

  @Test
  fun theCompilerKnowsWhatMayBeNull() {
    val head = "import dev.peft4j.nn.*\nimport dev.peft4j.tensor.Tensor\nimport dev.peft4j.tuner.*\nimport dev.peft4j.tuner.lora.*"
    val said = Compiler(folder).compile(head + cases.keys.joinToString("\n", "\n", "\n")).text
    val first = head.lines().size + 1
    val found =
      Regex("""Source\.kt:(\d+):\d+: error: (.*)""")
        .findAll(said)
        .associate { it.groupValues[1].toInt() to it.groupValues[2] }
    assertThat(found.keys.map { it - first })
      .`as`(said)
      .isEqualTo(cases.values.withIndex().filter { it.value != null }.map { it.index })
    cases.entries.forEachIndexed { i, (source, message) ->
      if (message != null) assertThat(found[first + i]).`as`(source).contains(message)
    }
  }
}
