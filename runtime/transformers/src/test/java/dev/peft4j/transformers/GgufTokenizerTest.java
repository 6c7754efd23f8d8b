package dev.peft4j.transformers;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import dev.peft4j.checkpoint.GgufTokenizer;
import dev.peft4j.checkpoint.TokenizerToGguf;
import dev.peft4j.data.Shape;
import dev.peft4j.data.Storage;
import dev.peft4j.gguf.GgufFile;
import dev.peft4j.gguf.GgufValue;
import dev.peft4j.gguf.GgufWriter;
import dev.peft4j.io.FileFormatException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Collections;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Tokenizers in GGUF: the ids of transformers' tokenizers that they were made from. */
class GgufTokenizerTest {
  @TempDir Path folder;

  private static int[] ids(JsonNode list) {
    return list.valueStream().mapToInt(JsonNode::asInt).toArray();
  }

  @ParameterizedTest
  @ValueSource(strings = {"llama2", "smollm", "qwen2"})
  void idsAreThoseOfTransformers(String kind) throws IOException {
    compare(kind, GgufResource.path("tokenizer-" + kind + ".gguf"));
  }

  private static void compare(String kind, Path file) throws IOException {
    JsonNode texts = new JsonMapper().readTree(GgufResource.path("texts.json").toFile()).path(kind);
    assertThat(texts.size()).isGreaterThan(10);
    try (Tokenizer tokenizer = Tokenizer.load(file, 1000)) {
      for (JsonNode t : texts) {
        String text = t.path("text").asText();
        assertThat(tokenizer.tokenize(text, true).ids()).as(text).isEqualTo(ids(t.path("ids")));
        assertThat(tokenizer.tokenize(text, false).ids()).as(text).isEqualTo(ids(t.path("plain")));
      }
    }
  }

  /** From a file to a folder, and back into a file. */
  @ParameterizedTest
  @ValueSource(strings = {"llama2", "smollm", "qwen2"})
  void aFoldersTokenizerIsWritten(String kind) throws IOException {
    GgufTokenizer read =
        GgufTokenizer.of(GgufFile.open(GgufResource.path("tokenizer-" + kind + ".gguf")));
    Files.writeString(folder.resolve("tokenizer.json"), read.json().toString());
    var settings = new JsonMapper().createObjectNode();
    read.named().forEach(settings::put);
    Files.writeString(folder.resolve("tokenizer_config.json"), settings.toString());
    Files.writeString(folder.resolve("chat_template.jinja"), "{{ messages }}");
    GgufWriter out = new GgufWriter("llama");
    TokenizerToGguf.write(folder, read.size(), out);
    Path file = folder.resolve("t.gguf");
    out.write(file);
    compare(kind, file);
    assertThat(GgufTokenizer.chatTemplate(GgufFile.open(file))).isEqualTo("{{ messages }}");
    assertThat(Tokenizer.modelMaxLength(file)).isEqualTo(Integer.MAX_VALUE);
  }

  private Path file(String model, String pre, float score) throws IOException {
    List<String> tokens = new java.util.ArrayList<>();
    for (int i = 0; i < 400; i++) {
      tokens.add("t" + i);
    }
    Path file = folder.resolve("x.gguf");
    new GgufWriter("llama")
        .put("tokenizer.ggml.model", GgufValue.of(model))
        .put("tokenizer.ggml.pre", GgufValue.of(pre))
        .put("tokenizer.ggml.tokens", GgufValue.strings(tokens))
        .put("tokenizer.ggml.merges", GgufValue.strings(List.of()))
        .put("tokenizer.ggml.scores", GgufValue.float32s(Collections.nCopies(400, score)))
        .tensor("w", Shape.of(1), Storage.of(1f))
        .write(file);
    return file;
  }

  @Test
  void whatIsNotKnownIsNamed() throws IOException {
    assertThatThrownBy(() -> Tokenizer.load(file("abacus", "x", 0), 10))
        .isInstanceOf(FileFormatException.class)
        .hasMessageContaining("'abacus'");
    assertThatThrownBy(() -> Tokenizer.load(file("gpt2", "tekken", 0), 10))
        .isInstanceOf(FileFormatException.class)
        .hasMessageContaining("'tekken'")
        .hasMessageContaining("llama-bpe");
    assertThatThrownBy(() -> Tokenizer.load(file("none", "x", 0), 10))
        .isInstanceOf(FileFormatException.class)
        .hasMessageContaining("has no tokenizer");
    assertThatThrownBy(() -> Tokenizer.load(file("llama", "default", -1000), 10))
        .isInstanceOf(FileFormatException.class)
        .hasMessageContaining("how tokens are merged is lost");
  }
}
