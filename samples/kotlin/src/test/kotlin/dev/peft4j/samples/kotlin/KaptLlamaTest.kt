package dev.peft4j.samples.kotlin

import java.nio.file.Path
import org.assertj.core.api.Assertions.assertThat
import org.junit.jupiter.api.Test
import org.junit.jupiter.api.io.TempDir

/** The processor on a Kotlin subclass of a library's decoder. */
class KaptLlamaTest {
  @TempDir private lateinit var temp: Path

  @Test
  fun loadsGeneratesTrainsAndIsSaved() {
    val folder = Path.of("../src/test/resources/stories260k").toAbsolutePath().normalize()
    val project =
      KotlinProject(temp)
        .source("MyLlama.kt", llama("q_proj", "v_proj"))
        .source(
          "Use.kt",
          """
          import dev.peft4j.kotlin.*
          import dev.peft4j.transformers.*
          import java.nio.file.Path

          private val folder = Path.of("${folder.toString().replace("\\", "\\\\")}")

          private fun load(): MyLlamaPeft = seeded(1) {
            Transformers.load(folder, MyLlamaPeft(Transformers.decoderConfig(folder)))
          }

          fun main() = Tokenizer.load(folder, 64).use { tokenizer ->
            fun told(model: CausalLm) =
              generate(model, tokenizer) { prompt("Once upon a time"); maxNewTokens = 20 }.text()

            val model = load()
            val plain = Transformers.causalLm(folder)
            val text = told(model)
            println(text.isNotBlank() && text == told(plain))
            println(model.trainableParameters().size == 4 * model.config().layers())
            model.trainableParameters().take(2).forEach { println(it.shape()) }

            val rows = TextRows(tokenizer, model.config(), 64)
            val batch = CausalBatch.of(listOf(rows.row("Lily saw a red ball. She was sad.")))
            val before = model.loss(batch).item()
            train(model) {
              adamW(lr = 0.02, weightDecay = 0.0)
              steps = 20
              data(listOf(batch)) { model.loss(it) }
            }
            model.eval()
            println(model.loss(batch).item() < before / 2)
            val learnt = told(model)
            println(learnt != text)

            model.save(Path.of("adapter"))
            val again = load()
            again.load(Path.of("adapter"))
            println(told(again) == learnt)
            val adapted = loadPeft(plain, Path.of("adapter"))
            println(generate(adapted, tokenizer) { prompt("Once upon a time"); maxNewTokens = 20 }.text() == learnt)
          }
          """,
        )
        .compile()
    val lines = project.run("Use.kt").trim().lines()
    assertThat(lines).containsExactly("true", "true", "(8, 64)", "(64, 8)", "true", "true", "true", "true")
  }

  @Test
  fun aTargetThatLlamaDoesNotHaveIsAnErrorInTheKotlinSource() {
    val said = KotlinProject(temp).source("MyLlama.kt", llama("q_proj", "v_porj")).kapt()
    assertThat(said).contains("PEFT041: MyLlama has no module called \"v_porj\"", "Did you mean \"v_proj\"?")
    assertThat(said).contains("MyLlama.kt:5: error: ")
  }

  @Test
  fun aModuleThatTheTunerCannotAdaptIsAnErrorToo() {
    val said = KotlinProject(temp).source("MyLlama.kt", llama("mlp")).kapt()
    assertThat(said).contains("PEFT04", "error: ", "\"mlp\"")
  }

  private fun llama(vararg targets: String) =
    """
    import dev.peft4j.annotation.Peft
    import dev.peft4j.transformers.*

    /** A Llama with LoRA on some of its projections. */
    @Peft(target = [${targets.joinToString { "\"$it\"" }}], r = 8, alpha = 16.0, taskType = "CAUSAL_LM")
    open class MyLlama(config: DecoderConfig) : LlamaForCausalLM(config, Init.zeros())
    """
      .trimIndent()
}
