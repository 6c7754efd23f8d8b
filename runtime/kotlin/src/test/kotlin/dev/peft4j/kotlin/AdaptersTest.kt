package dev.peft4j.kotlin

import dev.peft4j.annotation.Bias
import dev.peft4j.annotation.Init
import dev.peft4j.nn.Embedding
import dev.peft4j.nn.Layer
import dev.peft4j.nn.Linear
import dev.peft4j.nn.Module
import dev.peft4j.target.TargetSpec
import dev.peft4j.tensor.Tensor
import dev.peft4j.tuner.ia3.Ia3Config
import dev.peft4j.tuner.lora.LoraConfig
import dev.peft4j.tuner.tokens.TrainableTokensConfig
import java.lang.reflect.Modifier
import java.nio.file.Path
import org.assertj.core.api.Assertions.assertThat
import org.assertj.core.api.Assertions.assertThatThrownBy
import org.junit.jupiter.api.Test
import org.junit.jupiter.api.io.TempDir

class AdaptersTest {
  private class BaseModel(dimIn: Int, dimOut: Int) : Module(), Layer {
    val linear = Linear(dimIn, dimOut)

    override fun forward(x: Tensor): Tensor = linear(x)
  }

  private class Words : Module() {
    val words = Embedding(6, 4)
    val head = Linear(4, 3)

    fun forward(ids: Tensor, scale: Float): Tensor = head(words.forward(ids)) * scale
  }

  private val x = randomNormal(3, 2, seed = 1)

  private fun base() = seeded(42) { BaseModel(2, 4) }

  private fun Tensor.list() = toFloats().toList()

  @Test
  fun aBlockIsWhatTheBuilderMakes() {
    val model =
      peft(base()) {
        lora {
          target("linear")
          r = 1
          alpha = 4.0
        }
      }
    assertThat(model.adapters().config("default"))
      .isEqualTo(LoraConfig.builder().targets("linear").r(1).alpha(4.0).build())
    assertThat(model.trainableSummary())
      .isEqualTo("trainable params: 6 || all params: 18 || trainable%: 33.3333")
    assertThat(model(x).list()).isEqualTo(base()(x).list())
  }

  @Test
  fun whatIsNotSetHasTheBuildersDefault() {
    assertThat(loraConfig { target("a") }).isEqualTo(LoraConfig.builder().targets("a").build())
    assertThat(loraConfig { target("a") }.ensureWeightTying()).isNull()
  }

  @Test
  fun theBuilderOfAnyTunerIsABlock() {
    val model =
      peft(base()) {
        adapter(Ia3Config.builder()) {
          targets("linear")
          initWeights(false)
        }
      }
    assertThat(model.adapters().config("default"))
      .isEqualTo(Ia3Config.builder().targets("linear").initWeights(false).build())
    assertThat(model(x).list()).isNotEqualTo(base()(x).list())
  }

  @Test
  fun everySettingReachesTheConfig() {
    val ours = loraConfig {
      target("a", "b")
      exclude("c")
      modulesToSave("head")
      layers(1, 2)
      layersPattern("blocks")
      rankPattern("a", 3)
      alphaPattern("b", 5.0)
      trainableTokens("words", 1, 2)
      trainableTokens(7)
      r = 2
      alpha = 6.0
      dropout = 0.25
      bias = Bias.LORA_ONLY
      rslora = true
      dora = true
      init = Init.GAUSSIAN
      fanInFanOut = true
      ensureWeightTying = true
      taskType = "SEQ_CLS"
      baseModel = "base"
    }
    val theirs =
      LoraConfig.builder()
        .targets("a", "b")
        .exclude("c")
        .modulesToSave("head")
        .layers(1, 2)
        .layersPattern("blocks")
        .rankPattern("a", 3)
        .alphaPattern("b", 5.0)
        .trainableTokens("words", 1, 2)
        .trainableTokens(7)
        .r(2)
        .alpha(6.0)
        .dropout(0.25)
        .bias(Bias.LORA_ONLY)
        .rslora(true)
        .dora(true)
        .init(Init.GAUSSIAN)
        .fanInFanOut(true)
        .ensureWeightTying(true)
        .taskType("SEQ_CLS")
        .baseModel("base")
        .build()
    assertThat(ours).isEqualTo(theirs)
    assertThat(ours.ensureWeightTying()).isTrue()
    assertThat(
        loraConfig {
          allLinear()
          loraBias = true
        }
      )
      .isEqualTo(LoraConfig.builder().allLinear().loraBias(true).build())
    assertThat(
        loraConfig {
          targetRegex("a.*")
          excludeRegex("ab")
          init = Init.PISSA
          pissaIterations = 4
        }
      )
      .isEqualTo(LoraConfig.builder().targetRegex("a.*").excludeRegex("ab").pissa(4).build())
  }

  @Test
  fun theBlockHasEverySettingOfTheBuilder() {
    // a setting that LoraConfig gets must come here, too
    val settings =
      LoraConfig.Builder::class
        .java
        .declaredMethods
        .filter { Modifier.isPublic(it.modifiers) && it.name != "build" }
        .map { it.name }
    val ours = LoraScope::class.java.methods.map { it.name }.toSet()
    val renamed = mapOf("targets" to "target", "pissa" to "setPissaIterations")
    assertThat(settings).isNotEmpty().allSatisfy { name ->
      val setter = "set" + name.replaceFirstChar(Char::uppercase)
      assertThat(listOf(name, setter, renamed[name])).`as`(name).anyMatch { it in ours }
    }
  }

  @Test
  fun wrongSettingsAreTheBuildersErrors() {
    assertThatThrownBy {
        loraConfig {
          target("a")
          pissaIterations = 3
        }
      }
      .isInstanceOf(IllegalArgumentException::class.java)
      .hasMessageContaining("pissa iterations are 3 with init DEFAULT")
    assertThatThrownBy { loraConfig { r = 0 } }
      .hasMessageContaining("r should be a positive integer")
    assertThatThrownBy { peft(base()) { lora { target("linaer") } } }
      .hasMessageContaining("Did you mean \"linear\"")
    assertThatThrownBy { peft(base()) {} }
      .isInstanceOf(IllegalArgumentException::class.java)
      .hasMessageContaining("lora { target(")
  }

  @Test
  fun severalAdaptersAreChosenPerCall() {
    val model =
      peft(base()) {
        lora("en") {
          target("linear")
          init = Init.RANDOM
        }
        lora("fr") {
          target("linear")
          init = Init.RANDOM
        }
      }
    model.addAdapters { lora("third") { target("linear") } }
    assertThat(model.adapters().names()).containsExactly("en", "fr", "third")
    assertThat(model.adapters().active()).containsExactly("en")

    val none = model.withoutAdapter { model(x) }
    val en = model(x)
    val fr = model.withAdapter("fr") { model(x) }
    assertThat(setOf(none.list(), en.list(), fr.list())).hasSize(3)
    assertThat(model.withAdapters("en") { model(x) }.list()).isEqualTo(en.list())
    val both = model.withAdapters("en", "fr") { model(x) }
    assertThat((both - (en + fr - none)).abs().max().item()).isLessThan(1e-5f)
    assertThat(with(model) { withAdapter("fr") { model(x) } }.list()).isEqualTo(fr.list())
  }

  @Test
  fun modelsWithInputsOfTheirOwn() {
    val words = seeded(3) { Words() }
    val ids = tensorOf(1, 4, 5)
    val plain = words.forward(ids, 2f).list()
    val model =
      peft(words) {
        lora {
          target("head")
          init = Init.RANDOM
        }
      }
    assertThat(model { forward(ids, 2f) }.list()).isNotEqualTo(plain)
    assertThat(model.withoutAdapter { model { forward(ids, 2f) } }.list()).isEqualTo(plain)
  }

  @Test
  fun otherTuners() {
    val ia3 =
      peft(Words()) {
        ia3 {
          target("head")
          feedforward("head")
        }
        ia3("other") {
          targetRegex("he.*")
          feedforwardRegex(".*d")
          initWeights = false
          taskType = "SEQ_CLS"
        }
      }
    assertThat(ia3.adapters().config("default")).isEqualTo(Ia3Config.of(TargetSpec.of("head"), "head"))
    assertThat(ia3.adapters().config("other").toString()).contains("he.*", ".*d", "initWeights=false", "SEQ_CLS")
    val tokens =
      peft(Words()) {
        trainableTokens(1, 2)
        trainableTokens(5, adapter = "named") { target("words") }
        adapter("given", TrainableTokensConfig.of(TargetSpec.of(), 0))
      }
    val configs = tokens.adapters().names().map(tokens.adapters()::config)
    assertThat(configs)
      .containsExactly(
        TrainableTokensConfig.of(TargetSpec.of(), 1, 2),
        TrainableTokensConfig.of(TargetSpec.of("words"), 5),
        TrainableTokensConfig.of(TargetSpec.of(), 0),
      )
  }

  @Test
  fun savedAdaptersAreLoaded(@TempDir folder: Path) {
    val model =
      peft(
        base(),
        loraConfig {
          target("linear")
          init = Init.RANDOM
        },
      )
    model.save(folder)
    val loaded = loadPeft(base(), folder)
    assertThat(loaded(x).list()).isEqualTo(model(x).list())
    assertThat(loaded.trainableParameters()).isEmpty()
    assertThat(loadPeft(base(), folder, trainable = true).trainableParameters()).hasSize(2)
  }
}
