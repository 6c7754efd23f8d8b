package dev.peft4j.transformers;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.peft4j.Peft4jException;
import dev.peft4j.checkpoint.GgufArchitecture;
import dev.peft4j.data.Encodings;
import dev.peft4j.data.Q4_0;
import dev.peft4j.data.Q6_K;
import dev.peft4j.data.Q8_0;
import dev.peft4j.gguf.GgufFile;
import dev.peft4j.io.FileFormatException;
import dev.peft4j.nn.Parameter;
import dev.peft4j.tensor.Tensor;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.zip.ZipEntry;
import java.util.zip.ZipInputStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Models in GGUF, read and written. */
class GgufModelTest {
  @TempDir Path folder;

  @ParameterizedTest
  @ValueSource(strings = {"llama-q8_0", "llama-q4_0", "gpt2-q8_0", "gemma-f32", "phi3-f32"})
  void logitsAreTransformers(String name) throws IOException {
    CausalLm model = Transformers.causalLm(GgufResource.path(name + ".gguf"));
    Tensor logits = model.forward(GgufResource.expected(name + ".ids"));
    assertThat(logits.toFloats())
        .containsExactly(GgufResource.expected(name + ".logits").toFloats(), within(2e-5f));
    assertThat(model.training()).isFalse();
  }

  @Test
  void codesStayAsTheyAreAndAreMapped() throws IOException {
    CausalLm model = Transformers.causalLm(GgufResource.path("llama-q8_0.gguf"));
    Parameter down = weight(model);
    assertThat(down.own().encoding()).isEqualTo(new Q8_0());
    assertThat(down.own().isReadOnly()).isTrue();
    assertThat(down.trainable()).isFalse();
    CausalLm floats =
        Transformers.causalLm(GgufResource.path("llama-q8_0.gguf"), Encodings.FLOAT32);
    assertThat(weight(floats).own().toFloats()).isEqualTo(down.own().toFloats());
  }

  private static Parameter weight(CausalLm model) {
    return (Parameter)
        java.util.Objects.requireNonNull(
            model.stateDict().get("model.layers.0.self_attn.o_proj.weight"));
  }

  static List<String> decoders() {
    return TinyDecoder.NAMES;
  }

  /** What is written computes the same, or it is said what GGUF does not hold. */
  @ParameterizedTest
  @MethodSource("decoders")
  void aWrittenModelComputesTheSame(String name) throws IOException {
    TinyDecoder tiny = TinyDecoder.of(name);
    Path model = tiny.folder(folder.resolve("model"));
    Path file = folder.resolve("model.gguf");
    if (GgufArchitecture.ofModelType(tiny.modelType()) == null) {
      assertThatThrownBy(() -> GgufModelFile.write(model, Encodings.FLOAT32, file))
          .isInstanceOf(FileFormatException.class)
          .hasMessageContaining(tiny.modelType());
      return;
    }
    try {
      GgufModelFile.write(model, Encodings.FLOAT32, file);
    } catch (FileFormatException e) {
      assertThat(e.getMessage()).startsWith(model.toString()).containsPattern("not (hold|have)");
      assertThat(file).doesNotExist();
      return;
    }
    CausalLm own = Transformers.causalLm(model);
    CausalLm read = Transformers.causalLm(file);
    assertThat(read.stateDict().keySet()).isEqualTo(own.stateDict().keySet());
    boolean windows = windows(own).equals(windows(read)); // lost ones are a warning
    Tensor ids =
        Tensor.of(windows ? new int[] {3, 9, 4, 7, 3, 5} : new int[] {3, 9}, 1, windows ? 6 : 2);
    assertThat(read.forward(ids).toFloats())
        .containsExactly(own.forward(ids).toFloats(), within(1e-5f));
  }

  private static List<Integer> windows(CausalLm model) {
    return model.config().style().layers().stream().map(DecoderLayerStyle::window).toList();
  }

  /** At least so many of the families above are written, not refused. */
  @Test
  void mostFamiliesAreWritten() throws IOException {
    Set<String> written = new TreeSet<>();
    for (String name : TinyDecoder.NAMES) {
      Path file = folder.resolve(name + ".gguf");
      try {
        TinyDecoder tiny = TinyDecoder.of(name);
        GgufModelFile.write(tiny.folder(folder.resolve(name)), Encodings.FLOAT16, file);
        written.add(tiny.modelType());
      } catch (FileFormatException _) {
        assertThat(file).doesNotExist();
      }
    }
    assertThat(written).contains("llama", "qwen2", "qwen3", "gemma", "phi3", "gpt2", "olmo2");
    assertThat(written).contains("granite", "starcoder2", "cohere");
  }

  @Test
  void rowsThatBlocksDoNotDivideAreInFloat16() throws IOException {
    Path file = folder.resolve("q.gguf");
    Path model = TinyDecoder.of("llama").folder(folder.resolve("model"));
    List<String> fallen = GgufModelFile.write(model, new Q4_0(), file);
    assertThat(fallen).isNotEmpty();
    GgufFile read = GgufFile.open(file);
    assertThat(read.tensor(fallen.getFirst()).encoding()).isEqualTo(Encodings.FLOAT16);
    assertThat(read.tensor("output_norm.weight").encoding()).isEqualTo(Encodings.FLOAT32);
    assertThat(read.metadata().string("tokenizer.ggml.model")).isEqualTo("none");
    assertThatThrownBy(() -> GgufModelFile.write(model, new Q6_K(), file))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("Q6_K");
    Path again = folder.resolve("again.gguf");
    GgufModelFile.write(file, Encodings.FLOAT32, again); // from a GGUF file
    Tensor ids = Tensor.of(new int[] {3, 9, 4}, 1, 3);
    assertThat(Transformers.causalLm(again).forward(ids).toFloats())
        .containsExactly(Transformers.causalLm(file).forward(ids).toFloats(), within(1e-5f));
  }

  /** Forged files, also those whose header is right: only exceptions that name the file. */
  @Test
  void aForgedModelIsRefused() throws IOException {
    Path file = folder.resolve("forged.gguf");
    Set<String> loaded = new TreeSet<>();
    try (ZipInputStream in =
        new ZipInputStream(
            java.util.Objects.requireNonNull(
                GgufModelTest.class.getResourceAsStream("/gguf/malformed.zip")))) {
      for (ZipEntry e = in.getNextEntry(); e != null; e = in.getNextEntry()) {
        if (!e.getName().endsWith(".gguf")) {
          continue;
        }
        Files.write(file, in.readAllBytes());
        try {
          Transformers.causalLm(file);
          Tokenizer.load(file, 100).close();
          loaded.add(e.getName());
        } catch (IOException | Peft4jException x) {
          assertThat(x.getMessage()).as(e.getName()).contains(file.toString());
        }
      }
    }
    assertThat(loaded).containsExactly("model-good.gguf");
  }

  @Test
  void anArchitectureThatIsNotKnownIsNamed() throws IOException {
    Path file = folder.resolve("a.gguf");
    new dev.peft4j.gguf.GgufWriter("clippy").write(file);
    assertThatThrownBy(() -> Transformers.causalLm(file))
        .isInstanceOf(FileFormatException.class)
        .hasMessageContaining("'clippy'")
        .hasMessageContaining("llama, olmo2, phi3");
    assertThatThrownBy(() -> Transformers.causalLm(folder.resolve("none.gguf")))
        .isInstanceOf(FileFormatException.class)
        .hasMessageContaining("does not exist");
  }
}
