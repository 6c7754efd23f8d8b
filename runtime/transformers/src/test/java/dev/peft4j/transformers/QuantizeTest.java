package dev.peft4j.transformers;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.peft4j.data.Encoding;
import dev.peft4j.data.Encodings;
import dev.peft4j.data.Int8Rows;
import dev.peft4j.data.Nf4;
import dev.peft4j.data.Rng;
import dev.peft4j.data.Storage;
import dev.peft4j.io.FileFormatException;
import dev.peft4j.io.SafeTensors;
import dev.peft4j.io.StoredTensor;
import dev.peft4j.nn.ModuleTensor;
import dev.peft4j.tensor.Tensor;
import dev.peft4j.tuner.AdaptedModel;
import dev.peft4j.tuner.MergeReport;
import dev.peft4j.tuner.PeftModel;
import dev.peft4j.tuner.lora.LoraConfig;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Objects;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Bases in codes: quantized as they load, or by bitsandbytes before. */
class QuantizeTest {
  @TempDir Path folder;

  private static Encoding held(CausalLm model, String name) {
    return tensor(model, name).own().encoding();
  }

  private static ModuleTensor tensor(CausalLm model, String name) {
    return Objects.requireNonNull(model.stateDict().get(name), name);
  }

  @Test
  void aFolderOfBitsandbytesLoads() throws IOException {
    CausalLm model = Transformers.causalLm(GgufResource.path("bnb"));
    assertThat(held(model, "model.layers.0.mlp.down_proj.weight")).isEqualTo(new Nf4(64, true));
    assertThat(held(model, "lm_head.weight")).isEqualTo(Encodings.FLOAT32);
    assertThat(held(model, "model.embed_tokens.weight")).isEqualTo(Encodings.FLOAT32);
    assertThat(tensor(model, "model.layers.0.mlp.down_proj.weight").own().toFloats())
        .isEqualTo(GgufResource.expected("bnb.decoded").toFloats());
    assertThat(model.forward(GgufResource.expected("bnb.ids")).toFloats())
        .containsExactly(GgufResource.expected("bnb.logits").toFloats(), within(2e-5f));
  }

  /** bnb_4bit_quant_storage: the same bytes, seen as another type. */
  @ParameterizedTest
  @ValueSource(strings = {"FLOAT16", "BFLOAT16", "FLOAT32"})
  void packedBytesMayBeStoredAsAnyType(String name) throws IOException {
    Encoding type = Encodings.named(name);
    SafeTensors own = SafeTensors.open(GgufResource.path("bnb/model.safetensors"));
    Map<String, StoredTensor> tensors = new LinkedHashMap<>();
    for (String key : own.names()) {
      MemorySegment bytes = own.bytes(key);
      boolean packed = key.endsWith("proj.weight") && bytes.byteSize() % type.blockBytes() == 0;
      if (packed) {
        Storage s = Storage.allocate(type, bytes.byteSize() / type.blockBytes());
        s.segment().copyFrom(bytes);
        int n = (int) s.elements();
        tensors.put(key, new StoredTensor(dev.peft4j.data.Shape.of(n, 1), s));
      }
    }
    assertThat(tensors).isNotEmpty();
    Path mixed = folder.resolve("model.safetensors");
    writeWith(own, tensors, mixed);
    Files.copy(GgufResource.path("bnb/config.json"), folder.resolve("config.json"));
    CausalLm a = Transformers.causalLm(folder);
    CausalLm b = Transformers.causalLm(GgufResource.path("bnb"));
    Tensor ids = GgufResource.expected("bnb.ids");
    assertThat(a.forward(ids).toFloats()).isEqualTo(b.forward(ids).toFloats());
  }

  /** Replaces tensors in a file; bytes of U8 are what the library does not write itself. */
  private static void writeWith(SafeTensors own, Map<String, StoredTensor> other, Path file)
      throws IOException {
    ObjectNode header = TinyDecoder.JSON.createObjectNode();
    java.io.ByteArrayOutputStream data = new java.io.ByteArrayOutputStream();
    for (String key : own.names()) {
      StoredTensor t = other.get(key);
      MemorySegment bytes = own.bytes(key);
      ObjectNode one = header.putObject(key);
      one.put(
          "dtype",
          t == null
              ? own.info(key).type().name()
              : Objects.requireNonNull(t.storage().encoding().safetensorsName()));
      int[] shape = t == null ? own.info(key).shape().toArray() : t.shape().toArray();
      for (int d : shape) {
        one.withArray("shape").add(d);
      }
      if (shape.length == 0) {
        one.putArray("shape");
      }
      one.putArray("data_offsets").add(data.size()).add(data.size() + bytes.byteSize());
      data.writeBytes(bytes.toArray(java.lang.foreign.ValueLayout.JAVA_BYTE));
    }
    byte[] json = header.toString().getBytes(java.nio.charset.StandardCharsets.UTF_8);
    java.nio.ByteBuffer out =
        java.nio.ByteBuffer.allocate(8 + json.length + data.size())
            .order(java.nio.ByteOrder.LITTLE_ENDIAN);
    Files.write(file, out.putLong(json.length).put(json).put(data.toByteArray()).array());
  }

  @ParameterizedTest
  @ValueSource(strings = {"gptq", "awq", "fp8", "compressed-tensors", "abacus"})
  void anotherMethodIsRefusedByName(String method) throws IOException {
    ObjectNode config =
        (ObjectNode) TinyDecoder.JSON.readTree(GgufResource.path("bnb/config.json").toFile());
    config.putObject("quantization_config").put("quant_method", method);
    Files.writeString(folder.resolve("config.json"), config.toString());
    Files.copy(GgufResource.path("bnb/model.safetensors"), folder.resolve("model.safetensors"));
    assertThatThrownBy(() -> Transformers.causalLm(folder))
        .isInstanceOf(FileFormatException.class)
        .hasMessageContaining("'" + method + "'")
        .hasMessageContaining("expected 'bitsandbytes'");
  }

  @Test
  void linearLayersAreQuantizedAndTheRestIfItIsAsked() throws IOException {
    Path model = TinyDecoder.of("llama").folder(folder.resolve("model"));
    String down = "model.layers.0.mlp.down_proj.weight";
    CausalLm nf4 = Transformers.causalLm(model, Quantize.nf4());
    assertThat(held(nf4, down)).isEqualTo(new Nf4());
    assertThat(held(nf4, "model.embed_tokens.weight")).isEqualTo(Encodings.FLOAT32);
    assertThat(held(nf4, "model.norm.weight")).isEqualTo(Encodings.FLOAT32);
    CausalLm all =
        Transformers.causalLm(
            model,
            Quantize.nf4()
                .blockSize(128)
                .doubleQuantization()
                .embeddings(new Int8Rows())
                .except("down_proj"));
    assertThat(held(all, down)).isEqualTo(Encodings.FLOAT32);
    assertThat(held(all, "model.layers.0.mlp.up_proj.weight")).isEqualTo(new Nf4(128, true));
    assertThat(held(all, "model.embed_tokens.weight").name()).startsWith("INT8_ROWS[");
    CausalLm int8 = Transformers.causalLm(model, Quantize.int8());
    assertThat(held(int8, down).name()).startsWith("INT8_ROWS[");
    Tensor ids = Tensor.of(new int[] {3, 9, 4}, 1, 3);
    float[] exact = Transformers.causalLm(model).forward(ids).toFloats();
    double error = 0;
    double size = 0;
    float[] near = int8.forward(ids).toFloats();
    for (int i = 0; i < exact.length; i++) {
      error += Math.pow(exact[i] - near[i], 2);
      size += Math.pow(exact[i], 2);
    }
    assertThat(Math.sqrt(error / size)).isBetween(1e-6, 0.05);
    assertThatThrownBy(() -> Transformers.causalLm(GgufResource.path("bnb"), Quantize.int8()))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("NF4_DOUBLE in the file already");
    assertThatThrownBy(() -> Quantize.named("q9"))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("'q9'");
    assertThatThrownBy(() -> Quantize.named("q4_k")).hasMessageContaining("can only be read");
    assertThatThrownBy(() -> Quantize.int8().doubleQuantization())
        .isInstanceOf(IllegalStateException.class);
  }

  @Test
  void gpt2sMatricesAreTurnedForBlocksAlongInputs() throws IOException {
    Path model = TinyDecoder.of("gpt2").folder(folder.resolve("model"));
    CausalLm coded = Transformers.causalLm(model, Quantize.int8());
    CausalLm floats = Transformers.causalLm(model);
    String name = "transformer.h.0.mlp.c_fc.weight";
    assertThat(tensor(coded, name).shape().dim(0)).isEqualTo(tensor(floats, name).shape().dim(1));
    Tensor ids = Tensor.of(new int[] {3, 9, 4}, 1, 3);
    float[] near = coded.forward(ids).toFloats();
    float[] exact = floats.forward(ids).toFloats();
    for (int i = 0; i < exact.length; i++) {
      assertThat(near[i]).isCloseTo(exact[i], within(0.1f));
    }
  }

  @Test
  void mergingSaysWhatIsLeft() throws IOException {
    AdaptedModel<CausalLm> light = adapted(0.002f);
    assertThatThrownBy(light::mergeAndUnload)
        .isInstanceOf(IllegalStateException.class)
        .hasMessageContaining("NF4_DOUBLE")
        .hasMessageContaining("BFLOAT16");
    MergeReport lost = light.mergeAndUnload(new Nf4());
    assertThat(lost.share()).isLessThan(0.5);
    assertThat(lost.toString()).contains("NF4").contains("least");

    AdaptedModel<CausalLm> second = adapted(0.05f);
    Path saved = folder.resolve("merged.safetensors");
    MergeReport kept = second.saveMerged(saved, Encodings.BFLOAT16);
    assertThat(kept.share()).isBetween(0.98, 1.02);
    assertThat(kept.survived()).hasSize(2);
    Tensor ids = GgufResource.expected("bnb.ids");
    float[] before = second.model().forward(ids).toFloats();
    second.mergeAndUnload(Encodings.FLOAT32);
    assertThat(second.model().forward(ids).toFloats()).containsExactly(before, within(1e-4f));
    String q = "model.layers.0.self_attn.q_proj.weight";
    assertThat(held(second.model(), q)).isEqualTo(Encodings.FLOAT32);
    SafeTensors file = SafeTensors.open(saved);
    assertThat(file.info(q).type().name()).isEqualTo("BF16");
    assertThat(file.info("model.layers.0.mlp.up_proj.weight").type().name()).isEqualTo("BF16");
    assertThat(file.info("model.norm.weight").type().name()).isEqualTo("F32");
    assertThatThrownBy(() -> adapted(0.1f).saveMerged(saved, new Nf4()))
        .isInstanceOf(IllegalArgumentException.class);
  }

  private static AdaptedModel<CausalLm> adapted(float size) throws IOException {
    CausalLm model = Transformers.causalLm(GgufResource.path("bnb"));
    LoraConfig config = LoraConfig.builder().r(2).alpha(2).targets("q_proj").build();
    AdaptedModel<CausalLm> adapted = Rng.with(3, () -> PeftModel.of(model, config));
    adapted
        .trainableParameters()
        .forEach(
            p ->
                p.set(
                    new Rng(p.shape().size())
                        .normal(p.shape().size(), 0, (float) Math.sqrt(size))));
    return adapted;
  }

  /** A model in memory becomes what loading it quantized gives. */
  @Test
  void aModelInMemoryIsQuantized() throws IOException {
    Path stories = GgufResource.path("bnb");
    CausalLm whole = Transformers.causalLm(stories, Encodings.FLOAT32);
    CausalLm coded = Quantize.nf4().embeddings(Encodings.BFLOAT16).apply(whole);
    assertThat(coded).isSameAs(whole);
    assertThat(held(coded, "model.layers.0.mlp.down_proj.weight")).isEqualTo(new Nf4(64, false));
    assertThat(held(coded, "model.embed_tokens.weight")).isEqualTo(Encodings.BFLOAT16);
    assertThat(held(coded, "lm_head.weight")).isEqualTo(Encodings.FLOAT32);
  }
}
