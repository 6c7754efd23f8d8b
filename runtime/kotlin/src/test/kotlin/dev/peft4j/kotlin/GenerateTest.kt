package dev.peft4j.kotlin

import dev.peft4j.data.Rng
import dev.peft4j.generate.FinishReason
import dev.peft4j.train.Batches
import dev.peft4j.transformers.CausalBatch
import dev.peft4j.transformers.CausalLm
import dev.peft4j.transformers.DecoderConfig
import dev.peft4j.transformers.Init
import dev.peft4j.transformers.LlamaForCausalLM
import dev.peft4j.transformers.TokenRow
import dev.peft4j.transformers.Tokenizer
import dev.peft4j.transformers.Transformers
import java.io.ByteArrayInputStream
import java.nio.file.Files
import java.nio.file.Path
import java.util.function.Supplier
import kotlinx.coroutines.flow.take
import kotlinx.coroutines.flow.toList
import kotlinx.coroutines.runBlocking
import org.assertj.core.api.Assertions.assertThat
import org.assertj.core.api.Assertions.assertThatThrownBy
import org.junit.jupiter.api.Test
import org.junit.jupiter.api.io.TempDir

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

  /** A subclass of a library's model: it reads a folder, learns, and writes. */
  private class MyLlama(config: DecoderConfig) : LlamaForCausalLM(config, Init.zeros())

  @Test
  fun aModelOfOnesOwnLoadsLearnsAndWrites(@TempDir folder: Path) {
    Files.writeString(
      folder.resolve("config.json"),
      """
      {"model_type": "llama", "vocab_size": ${words.size}, "hidden_size": 16, "num_hidden_layers": 2,
       "num_attention_heads": 4, "num_key_value_heads": 2, "head_dim": 4, "intermediate_size": 24,
       "max_position_embeddings": 64, "tie_word_embeddings": false}
      """,
    )
    model.save(folder)
    val mine = Transformers.load(folder, MyLlama(Transformers.decoderConfig(folder)))
    mine.eval()
    val text = generate(mine, tokenizer) { prompt("a b") }.text()
    assertThat(text).isEqualTo(generate(model, tokenizer) { prompt("a b") }.text())
    val adapted = peft(mine) { lora { target("q_proj", "v_proj"); r = 8; alpha = 16.0; taskType = "CAUSAL_LM" } }
    val rows = listOf(TokenRow.of(1, 2, 3, 4, 5), TokenRow.of(1, 2, 3, 4), TokenRow.of(2, 3, 4))
    val before = mine.loss(CausalBatch.of(rows)).item()
    train(adapted) {
      adamW(lr = 3e-2)
      epochs = 20
      data(Batches.shuffled(rows, 2, 0) { CausalBatch.of(it) }) { mine.loss(it) }
    }
    adapted.eval()
    assertThat(mine.loss(CausalBatch.of(rows)).item()).isLessThan(before / 2)
    assertThat(generate(mine, tokenizer) { prompt("a b"); maxNewTokens = 2 }.text().trim()).isEqualTo("c d")
  }

  @Test
  fun saysThatThereIsNoPrompt() {
    assertThatThrownBy { generate(model, tokenizer) { temperature = 0.5 } }
      .hasMessageContaining("generate { } has no prompt")
  }
}
