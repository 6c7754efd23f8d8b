package dev.peft4j.transformers;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.peft4j.data.IndexException;
import dev.peft4j.data.Shape;
import dev.peft4j.data.ShapeException;
import dev.peft4j.data.Storage;
import dev.peft4j.io.FileFormatException;
import dev.peft4j.io.StoredTensor;
import dev.peft4j.tensor.Tensor;
import java.io.IOException;
import java.nio.file.Path;
import java.util.SequencedMap;
import java.util.function.Consumer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Folders of decoders that are not quite right, and inputs that do not fit. */
class DecoderFolderTest {
  @TempDir Path temp;

  private void refuses(String name, Consumer<ObjectNode> change, String... words)
      throws IOException {
    TinyDecoder tiny = TinyDecoder.of(name);
    ObjectNode config = tiny.config();
    change.accept(config);
    Path folder = TinyDecoder.folder(temp, config, tiny.weights());
    assertThatThrownBy(() -> Transformers.causalLm(folder))
        .isInstanceOf(FileFormatException.class)
        .hasMessageContaining(folder.resolve("config.json").toString())
        .hasMessageContainingAll(words);
  }

  @Test
  void unknownFamilyListsTheKnown() throws IOException {
    refuses(
        "llama",
        c -> c.put("model_type", "unheard_of"),
        "model_type is \"unheard_of\"",
        "bloom",
        "llama",
        "starcoder2",
        "bert");
  }

  @Test
  void encodersDoNotPredict() {
    assertThatThrownBy(() -> Transformers.causalLm(Tiny.FOLDER))
        .isInstanceOf(FileFormatException.class)
        .hasMessageContaining(
            "model_type is \"bert\", expected the type of a decoder, one of bloom");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      value = {
        "llama|hidden_act|\"sinus\"|hidden_act is \"sinus\"",
        "llama|num_key_value_heads|3|a divisor of the 4 heads",
        "llama|is_causal|false|is_causal is false, which is not supported",
        "llama|eos_token_id|[1, \"x\"]|eos_token_id",
        "llama|attention_bias|1|attention_bias is 1, expected true or false",
        "llama|rms_norm_eps|0|rms_norm_eps is 0, expected a number above 0",
        "llama-llama3|rope_parameters|{\"rope_type\": \"spiral\"}|rope_parameters.rope_type is"
            + " \"spiral\", expected one of default, linear",
        "llama-llama3|rope_parameters|{\"rope_type\": \"linear\"}|rope_parameters.factor is"
            + " missing",
        "llama-llama3|rope_scaling|{\"type\": \"linear\", \"factor\": -1}|rope_scaling.factor is"
            + " -1",
        "llama-llama3|rope_scaling|[]|rope_scaling",
        "phi3|rope_scaling|{\"type\": \"longrope\", \"short_factor\": [1], \"long_factor\": [1,"
            + " 2]}|rope_scaling.short_factor",
        "gemma2|use_bidirectional_attention|true|use_bidirectional_attention is true, which is not"
            + " supported",
        "gemma2|layer_types|[\"full_attention\", \"chunked_attention\"]|layer_types",
        "gpt2|add_cross_attention|true|add_cross_attention is true, which is not supported",
        "smollm3|no_rope_layers|[1]|no_rope_layers",
        "falcon|parallel_attn|false|parallel_attn",
        "bloom|attention_dropout|1.5|attention_dropout is 1.5",
      })
  void settingsThatAreNotValid(String name, String key, String value, String message)
      throws IOException {
    refuses(
        name,
        c -> {
          try {
            c.set(key, TinyDecoder.JSON.readTree(value));
          } catch (IOException e) {
            throw new IllegalArgumentException(e);
          }
        },
        message);
  }

  @Test
  void onlyTheFirstGemmaMeansTheApproximationByGelu() throws IOException {
    assertThat(activation("gemma", "hidden_act", "gelu")).isEqualTo(Activation.GELU_TANH);
    assertThat(activation("gemma", "hidden_act", "silu")).isEqualTo(Activation.SILU);
    assertThat(activation("gemma2", "hidden_activation", "gelu")).isEqualTo(Activation.GELU);
    assertThat(activation("gemma3", "hidden_activation", "gelu")).isEqualTo(Activation.GELU);
  }

  private Activation activation(String name, String key, String value) throws IOException {
    TinyDecoder tiny = TinyDecoder.of(name);
    ObjectNode config = tiny.config().put(key, value);
    return Transformers.decoderConfig(TinyDecoder.folder(temp, config, tiny.weights()))
        .activation();
  }

  @Test
  void biasesThatAreLeftOutWhereProductsAreInParts() throws IOException {
    refuses(
        "bloom",
        c -> c.put("slow_but_exact", true).put("pretraining_tp", 2),
        "slow_but_exact is true and pretraining_tp 2, which is not supported");
    TinyDecoder tiny = TinyDecoder.of("bloom");
    ObjectNode off = tiny.config().put("slow_but_exact", false).put("pretraining_tp", 4);
    assertThat(Transformers.causalLm(TinyDecoder.folder(temp, off, tiny.weights()))).isNotNull();
  }

  @Test
  void settingsOfAMuchLargerModel() throws IOException {
    refuses("llama", c -> c.put("vocab_size", 90_000_000), "describes a model of");
  }

  @Test
  void aHeadThatIsNotTheEmbeddingIsNotTied() throws IOException {
    TinyDecoder tiny = TinyDecoder.of("llama-linear"); // tie_word_embeddings
    SequencedMap<String, StoredTensor> weights = tiny.weights();
    Path tied = TinyDecoder.folder(temp.resolve("tied"), tiny.config(), weights);
    StoredTensor table = weights.get("model.embed_tokens.weight");
    weights.put("lm_head.weight", table);
    Path both = TinyDecoder.folder(temp.resolve("both"), tiny.config(), weights);
    CausalLm model = Transformers.causalLm(both);
    assertThat(model.head().weight()).isSameAs(model.embedding().weight());
    assertThat(model.forward(tiny.input()).toFloats())
        .isEqualTo(Transformers.causalLm(tied).forward(tiny.input()).toFloats());

    float[] other = table.storage().toFloats();
    other[3] += 1;
    weights.put("lm_head.weight", new StoredTensor(table.shape(), Storage.of(other)));
    Path differ = TinyDecoder.folder(temp.resolve("differ"), tiny.config(), weights);
    CausalLm untied = Transformers.causalLm(differ);
    assertThat(untied.config().tied()).isFalse();
    assertThat(untied.head().weight().own().toFloats()).isEqualTo(other);
    assertThat(Transformers.decoderConfig(differ).tied()).isFalse();
    DecoderConfig asWritten = untied.config().toBuilder().tied(true).build();
    assertThatThrownBy(() -> Transformers.load(differ, new LlamaForCausalLM(asWritten)))
        .isInstanceOf(FileFormatException.class)
        .hasMessageContaining("Transformers.decoderConfig");

    weights.put("lm_head.weight", table);
    weights.remove("model.embed_tokens.weight");
    Path head = TinyDecoder.folder(temp.resolve("head"), tiny.config(), weights);
    assertThat(Transformers.causalLm(head).forward(tiny.input()).toFloats())
        .isEqualTo(model.forward(tiny.input()).toFloats());
  }

  @Test
  void buffersAndOldNames() throws IOException {
    TinyDecoder tiny = TinyDecoder.of("gpt2");
    SequencedMap<String, StoredTensor> weights = tiny.weights();
    weights.put("transformer.h.0.attn.bias", ones(1, 1, 48, 48));
    weights.put("transformer.h.1.attn.masked_bias", ones(1));
    assertSame(tiny, weights);
    TinyDecoder neox = TinyDecoder.of("gpt_neox");
    SequencedMap<String, StoredTensor> old = neox.weights();
    old.put("embed_out.weight", old.remove("lm_head.weight"));
    old.put("gpt_neox.layers.0.attention.rotary_emb.inv_freq", ones(2));
    old.put("gpt_neox.layers.0.attention.masked_bias", ones(1));
    assertSame(neox, old);
  }

  private static StoredTensor ones(int... shape) {
    Shape s = Shape.of(shape);
    float[] v = new float[s.size()];
    java.util.Arrays.fill(v, 1);
    return new StoredTensor(s, Storage.of(v));
  }

  private void assertSame(TinyDecoder tiny, SequencedMap<String, StoredTensor> weights)
      throws IOException {
    Path folder = TinyDecoder.folder(temp.resolve(tiny.name), tiny.config(), weights);
    Logged loaded = Logged.of(() -> Transformers.causalLm(folder));
    assertThat(loaded.text()).isEmpty();
    DecoderContractTest.close(
        ((CausalLm) loaded.result()).forward(tiny.input()), tiny.floats("logits"));
  }

  @Test
  void weightsThatAreNotUsedAreAWarning() throws IOException {
    TinyDecoder tiny = TinyDecoder.of("llama");
    SequencedMap<String, StoredTensor> weights = tiny.weights();
    weights.put("model.layers.0.self_attn.extra.weight", ones(2));
    Path folder = TinyDecoder.folder(temp, tiny.config(), weights);
    assertThat(Logged.of(() -> Transformers.causalLm(folder)).text())
        .contains("weights that the model does not use (1): model.layers.0.self_attn.extra.weight");
  }

  @Test
  void settingsThatTheFamilyDoesNotKnowAreAWarning() throws IOException {
    TinyDecoder tiny = TinyDecoder.of("llama");
    ObjectNode config = tiny.config().put("logit_scale", 0.5).put("poetry", 3);
    config.put("unk_token_id", 0).put("use_sliding_window", false); // nothing, and off
    Path folder = TinyDecoder.folder(temp, config, tiny.weights());
    String text = Logged.of(() -> Transformers.causalLm(folder)).text();
    assertThat(text.lines()).hasSize(1);
    assertThat(text)
        .contains("config.json: settings that this family does not know (2): logit_scale, poetry");
  }

  @Test
  void inputsThatDoNotFit() throws IOException {
    CausalLm llama = TinyDecoder.of("llama").load(temp.resolve("llama"));
    assertThatThrownBy(() -> llama.forward(Tensor.of(new long[] {3, 20}, 1, 2)))
        .isInstanceOf(IndexException.class)
        .hasMessageContaining("LLAMA: token id 20 at row 0, position 1 is out of range")
        .hasMessageContaining("0 to 19");
    assertThatThrownBy(() -> llama.forward(Tensor.of(new long[] {3, 4}, 2)))
        .isInstanceOf(ShapeException.class);
    Tensor ids = Tensor.of(new long[] {3, 4}, 1, 2);
    assertThatThrownBy(() -> llama.forward(ids, Tensor.of(new long[] {1, 7}, 1, 2)))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("mask is 7");
    assertThatThrownBy(
            () ->
                llama.forward(
                    DecoderInput.of(ids).withPositions(Tensor.of(new long[] {0, 1, 2}, 1, 3))))
        .isInstanceOf(ShapeException.class)
        .hasMessageContaining("position ids");
    CausalLm gpt2 = TinyDecoder.of("gpt2").load(temp.resolve("gpt2"));
    long[] many = new long[49];
    java.util.Arrays.fill(many, 3);
    assertThatThrownBy(() -> gpt2.forward(Tensor.of(many, 1, 49)))
        .isInstanceOf(ShapeException.class)
        .hasMessageContaining("a sequence of 49 tokens, but the model has 48 positions");
    assertThatThrownBy(
            () ->
                gpt2.forward(
                    DecoderInput.of(ids).withPositions(Tensor.of(new long[] {0, 48}, 1, 2))))
        .isInstanceOf(IndexException.class)
        .hasMessageContaining("position id 48");
  }

  @Test
  void paddingInBetween() throws IOException {
    TinyDecoder tiny = TinyDecoder.of("llama");
    CausalLm model = tiny.load(temp);
    Tensor mask = Tensor.of(new long[] {1, 0, 1, 1}, 1, 4);
    float[] a = model.forward(Tensor.of(new long[] {5, 3, 6, 7}, 1, 4), mask).toFloats();
    float[] b = model.forward(Tensor.of(new long[] {5, 9, 6, 7}, 1, 4), mask).toFloats();
    assertThat(java.util.Arrays.copyOfRange(a, 40, 80))
        .isEqualTo(java.util.Arrays.copyOfRange(b, 40, 80));
    float[] seen = model.forward(Tensor.of(new long[] {5, 9, 6, 7}, 1, 4)).toFloats();
    assertThat(java.util.Arrays.copyOfRange(seen, 40, 80))
        .isNotEqualTo(java.util.Arrays.copyOfRange(b, 40, 80));
  }

  /** Dropout of embeddings, attention and results is active in training only. */
  @Test
  void dropoutIsActiveInTraining() throws IOException {
    TinyDecoder tiny = TinyDecoder.of("gpt2");
    ObjectNode config = tiny.config();
    config.put("attn_pdrop", 0.5).put("resid_pdrop", 0).put("embd_pdrop", 0);
    CausalLm model = Transformers.causalLm(TinyDecoder.folder(temp, config, tiny.weights()));
    DecoderContractTest.close(model.forward(tiny.input()), tiny.floats("logits"));
    model.train();
    float[] first = model.forward(tiny.input()).toFloats();
    assertThat(model.forward(tiny.input()).toFloats()).isNotEqualTo(first);
    assertThat(model.generators()).hasSize(2);
    model.eval();
    DecoderContractTest.close(model.forward(tiny.input()), tiny.floats("logits"));
  }

  @Test
  void attentionInSingleStepsIsTheSame() throws IOException {
    for (String name : new String[] {"gemma2", "qwen2", "bloom", "llama"}) {
      TinyDecoder tiny = TinyDecoder.of(name);
      ObjectNode config = tiny.config().put("attention_dropout", 1e-9);
      CausalLm model =
          Transformers.causalLm(TinyDecoder.folder(temp.resolve(name), config, tiny.weights()));
      model.train();
      DecoderContractTest.close(model.forward(tiny.input()), tiny.floats("logits"));
    }
  }
}
