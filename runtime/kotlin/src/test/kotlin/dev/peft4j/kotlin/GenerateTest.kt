package dev.peft4j.kotlin

import dev.peft4j.data.Rng
import dev.peft4j.generate.FinishReason
import dev.peft4j.transformers.CausalLm
import dev.peft4j.transformers.DecoderConfig
import dev.peft4j.transformers.LlamaForCausalLM
import dev.peft4j.transformers.Tokenizer
import java.io.ByteArrayInputStream
import java.util.function.Supplier
import kotlinx.coroutines.flow.take
import kotlinx.coroutines.flow.toList
import kotlinx.coroutines.runBlocking
import org.assertj.core.api.Assertions.assertThat
import org.assertj.core.api.Assertions.assertThatThrownBy
import org.junit.jupiter.api.Test

class GenerateTest {
  private val words = listOf("<unk>", "a", "b", "c", "d", "e", "f", "g", "h", "i")

  private val tokenizer: Tokenizer =
    """
    {"version": "1.0", "pre_tokenizer": {"type": "Whitespace"}, "added_tokens": [],
     "model": {"type": "WordLevel", "unk_token": "<unk>",
       "vocab": {${words.withIndex().joinToString { (i, w) -> "\"$w\": $i" }}}}}
    """
      .let { Tokenizer.load(ByteArrayInputStream(it.toByteArray()), "words", 64) }

  private val model: CausalLm = run {
    val config =
      DecoderConfig.builder()
        .vocabSize(words.size)
        .hiddenSize(16)
        .layers(2)
        .heads(4)
        .kvHeads(2)
        .headDim(4)
        .intermediateSize(24)
        .maxPositions(64)
        .initializerRange(0.4)
        .build()
    Rng.with(Rng(4), Supplier<CausalLm> { LlamaForCausalLM(config) }).also { it.eval() }
  }

  @Test
  fun theTextComesInParts() {
    val parts = mutableListOf<String>()
    val result =
      generate(model, tokenizer) {
        prompt("a b c")
        maxNewTokens = 12
        temperature = 0.7
        seed = 5
        onToken { parts += it }
      }
    assertThat(result.newTokens()).isEqualTo(12)
    assertThat(parts).hasSizeGreaterThan(3)
    assertThat(parts.joinToString("")).isEqualTo(result.text())
    val flow =
      textFlow(model, tokenizer) {
        prompt("a b c")
        maxNewTokens = 12
        temperature = 0.7
        seed = 5
      }
    assertThat(runBlocking { flow.toList() }.joinToString("")).isEqualTo(result.text())
    assertThat(runBlocking { flow.take(2).toList() }).hasSize(2)
  }

  @Test
  fun anAdapterIsNamed() {
    val adapted = peft(model) { lora { target("q_proj", "v_proj"); r = 2 } }
    adapted.eval()
    val plain = generate(model, tokenizer) { prompt("a") }
    val result =
      generate(adapted, tokenizer) {
        prompt("a")
        prompt("b c")
        adapter = "default"
        settings { noRepeatNgramSize(2) }
      }
    assertThat(result.rows()).hasSize(2).allMatch { it.reason() == FinishReason.LENGTH }
    assertThat(plain.newTokens()).isEqualTo(20)
  }

  @Test
  fun saysThatThereIsNoPrompt() {
    assertThatThrownBy { generate(model, tokenizer) { temperature = 0.5 } }
      .hasMessageContaining("generate { } has no prompt")
  }
}
