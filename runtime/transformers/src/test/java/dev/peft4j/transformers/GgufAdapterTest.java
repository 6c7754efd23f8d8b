package dev.peft4j.transformers;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.peft4j.data.Encodings;
import dev.peft4j.data.Rng;
import dev.peft4j.gguf.GgufFile;
import dev.peft4j.io.FileFormatException;
import dev.peft4j.tensor.Tensor;
import dev.peft4j.tuner.AdaptedModel;
import dev.peft4j.tuner.PeftConfig;
import dev.peft4j.tuner.PeftModel;
import dev.peft4j.tuner.lora.LoraConfig;
import java.io.IOException;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** LoRA as GGUF, both ways. */
class GgufAdapterTest {
  @TempDir Path folder;

  private static CausalLm base() throws IOException {
    Path file = GgufResource.path("llama-q8_0.gguf");
    return Transformers.causalLm(file, Encodings.FLOAT32);
  }

  private static AdaptedModel<CausalLm> trained(CausalLm model, PeftConfig config) {
    AdaptedModel<CausalLm> adapted = Rng.with(5, () -> PeftModel.of(model, config));
    adapted
        .trainableParameters()
        .forEach(p -> p.set(new Rng(p.shape().size()).normal(p.shape().size(), 0, 0.2f)));
    return adapted;
  }

  private static Tensor ids() {
    return Tensor.of(new int[] {3, 9, 4, 7, 3, 5}, 1, 6);
  }

  /** The scale of rsLoRA and rows of queries and keys are as the reference wrote them. */
  @Test
  void theFileIsThatOfTheReference() throws IOException {
    CausalLm model = base();
    AdaptedModel<CausalLm> adapted = PeftModel.load(model, GgufResource.path("adapter"));
    Path file = folder.resolve("a.gguf");
    adapted.exportGguf(file);
    GgufFile own = GgufFile.open(file);
    GgufFile reference = GgufFile.open(GgufResource.path("adapter-rslora.gguf"));
    assertThat(own.metadata().number("adapter.lora.alpha"))
        .isEqualTo(reference.metadata().number("adapter.lora.alpha"));
    assertThat(own.tensors().keySet()).isEqualTo(reference.tensors().keySet());
    for (String name : own.tensors().keySet()) {
      assertThat(own.storage(name).toFloats()).isEqualTo(reference.storage(name).toFloats());
    }
    CausalLm second = base();
    GgufAdapter.load(second, file);
    assertThat(second.forward(ids()).toFloats())
        .containsExactly(model.forward(ids()).toFloats(), within(1e-5f));
  }

  @ParameterizedTest
  @ValueSource(strings = {"llama", "gemma", "phi3", "gpt2"})
  void anAdapterComesBack(String family) throws IOException {
    TinyDecoder tiny = TinyDecoder.of(family);
    Path at = tiny.folder(folder.resolve("model"));
    CausalLm model = Transformers.causalLm(at);
    LoraConfig.Builder config =
        LoraConfig.builder()
            .r(4)
            .alpha(6)
            .rslora(true)
            .allLinear()
            .rankPattern("1.*", 2)
            .alphaPattern(family.equals("gpt2") ? "c_attn" : "o_proj", 9)
            .fanInFanOut(family.equals("gpt2"));
    AdaptedModel<CausalLm> adapted = trained(model, config.build());
    Path file = folder.resolve("a.gguf");
    adapted.exportGguf(file);
    CausalLm second = Transformers.causalLm(at);
    float[] plain = second.forward(ids()).toFloats();
    GgufAdapter.load(second, file);
    float[] expected = model.forward(ids()).toFloats();
    assertThat(second.forward(ids()).toFloats()).containsExactly(expected, within(1e-4f));
    assertThat(plain[0]).isNotCloseTo(expected[0], within(1e-4f));
  }

  @Test
  void theTableOfTokensIsTransposed() throws IOException {
    CausalLm model = base();
    LoraConfig config = LoraConfig.builder().r(2).targets("embed_tokens").build();
    AdaptedModel<CausalLm> adapted = trained(model, config);
    Path file = folder.resolve("a.gguf");
    adapted.exportGguf(file);
    GgufFile read = GgufFile.open(file);
    int tokens = model.config().vocabSize();
    assertThat(read.shape("token_embd.weight.lora_a").toArray()).containsExactly(tokens, 2);
    CausalLm second = base();
    GgufAdapter.load(second, file);
    assertThat(second.forward(ids()).toFloats())
        .containsExactly(model.forward(ids()).toFloats(), within(1e-5f));
  }

  @Test
  void whatGgufCannotHoldIsListed() throws IOException {
    Path file = folder.resolve("a.gguf");
    LoraConfig dora = LoraConfig.builder().targets("q_proj").dora(true).build();
    assertThatThrownBy(() -> trained(base(), dora).exportGguf(file))
        .hasMessageContaining("layers.0.self_attn.q_proj")
        .hasMessageContaining("DoRA")
        .hasMessageContaining("saveMerged");
    LoraConfig whole = LoraConfig.builder().targets("q_proj").modulesToSave("lm_head").build();
    assertThatThrownBy(() -> trained(base(), whole).exportGguf(file))
        .hasMessageContaining("lm_head")
        .hasMessageContaining("a whole weight");
    CausalLm tied = Transformers.causalLm(GgufResource.path("gemma-f32.gguf"));
    LoraConfig head = LoraConfig.builder().targets("lm_head").build();
    CausalLm untied = base();
    trained(untied, head).save(folder.resolve("head"));
    DecoderConfig asTied = untied.config().toBuilder().tied(true).build();
    assertThatThrownBy(() -> GgufAdapter.write(folder.resolve("head"), asTied, file))
        .isInstanceOf(FileFormatException.class)
        .hasMessageContaining("tied to the embedding");
    assertThat(file).doesNotExist();
    assertThatThrownBy(() -> GgufAdapter.load(tied, GgufResource.path("adapter-rslora.gguf")))
        .isInstanceOf(FileFormatException.class)
        .hasMessageContaining("'llama', but the model is 'gemma'");
    assertThatThrownBy(() -> GgufAdapter.load(tied, GgufResource.path("gemma-f32.gguf")))
        .isInstanceOf(FileFormatException.class)
        .hasMessageContaining("expected LoRA");
  }
}
