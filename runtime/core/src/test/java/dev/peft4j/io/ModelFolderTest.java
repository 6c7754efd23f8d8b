package dev.peft4j.io;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.peft4j.data.Shape;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class ModelFolderTest {
  @TempDir Path folder;

  @BeforeEach
  void config() throws IOException {
    Files.writeString(folder.resolve("config.json"), "{\"model_type\": \"bert\"}");
  }

  private void index(String weightMap) throws IOException {
    Files.writeString(
        folder.resolve("model.safetensors.index.json"),
        "{\"metadata\": {\"total_size\": 8}, \"weight_map\": " + weightMap + "}");
  }

  private void shard(String name, String tensor, float value) throws IOException {
    SafeTensors.write(
        folder.resolve(name), Map.of(tensor, StoredTensor.of(new float[] {value}, 1)));
  }

  private void refused(String... words) {
    assertThatThrownBy(() -> ModelFolder.open(folder))
        .isInstanceOf(FileFormatException.class)
        .hasMessageContainingAll(words);
  }

  @Test
  void readsOneFile() throws Exception {
    shard("model.safetensors", "w", 3);
    ModelFolder model = ModelFolder.open(folder);
    assertThat(model.config().path("model_type").asText()).isEqualTo("bert");
    assertThat(model.shapes()).containsExactly(Map.entry("w", Shape.of(1)));
    assertThat(model.storage("w").toFloats()).containsExactly(3);
    assertThatThrownBy(() -> model.storage("v"))
        .isInstanceOf(FileFormatException.class)
        .hasMessageContainingAll("no tensor 'v'", "'w'");
    model.checkFinite();
  }

  @Test
  void readsSeveralFiles() throws Exception {
    shard("model-00001-of-00002.safetensors", "a", 1);
    shard("model-00002-of-00002.safetensors", "b", 2);
    index(
        "{\"b\": \"model-00002-of-00002.safetensors\", \"a\":"
            + " \"model-00001-of-00002.safetensors\"}");
    ModelFolder model = ModelFolder.open(folder);
    assertThat(model.names()).containsExactly("b", "a");
    assertThat(model.tensor("a").storage().toFloats()).containsExactly(1);
    assertThat(model.info("b").type()).isEqualTo(TensorType.F32);
    shard("model-00002-of-00002.safetensors", "b", Float.NaN);
    assertThatThrownBy(ModelFolder.open(folder)::checkFinite)
        .hasMessageContainingAll("model-00002", "'b'", "NaN");
  }

  @Test
  void whatIsMissingIsNamed() throws Exception {
    refused("no weights", "model.safetensors.index.json");
    Files.writeString(folder.resolve("pytorch_model.bin"), "");
    refused("pickle");
    index("{\"a\": \"one.safetensors\", \"b\": \"one.safetensors\"}");
    refused("index.json: names the file 'one.safetensors'", "not in the folder");
    shard("one.safetensors", "a", 1);
    refused("index.json", "b in one.safetensors");
    Files.delete(folder.resolve("config.json"));
    refused("no config.json");
    assertThatThrownBy(() -> ModelFolder.open(folder.resolve("x"))).hasMessageContaining("exist");
    assertThatThrownBy(() -> ModelFolder.open(folder.resolve("one.safetensors")))
        .hasMessageContaining("is a file");
  }

  @Test
  void aBadIndexIsRefused() throws Exception {
    index("{}");
    refused("weight_map is an object");
    index("3");
    refused("weight_map is the number 3");
    index("{\"a\": \"x.safetensors\", \"a\": \"y.safetensors\"}");
    refused("uplicate");
    Files.writeString(folder.resolve("model.safetensors.index.json"), "{}");
    refused("weight_map is nothing");
    Files.writeString(folder.resolve("config.json"), "[]");
    refused("config.json: holds an empty list");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "\"../secret.safetensors\"",
        "\"/etc/x.safetensors\"",
        "\"sub/x.safetensors\"",
        "\"..\\\\x.safetensors\"",
        "\"C:x.safetensors\"",
        "\"x.bin\"",
        "\"\"",
        "\"x\\u0000.safetensors\"",
        "3",
        "null",
        "[\"x.safetensors\"]"
      })
  void anIndexCannotPointElsewhere(String shard) throws Exception {
    index("{\"a\": " + shard + "}");
    refused("index.json: weight_map gives", "tensor 'a'", "same folder");
  }

  @Test
  void tensorsThatTheIndexDoesNotListArePassedOver() throws Exception {
    shard("one.safetensors", "a", 1);
    shard("two.safetensors", "b", 1);
    SafeTensors.write(
        folder.resolve("one.safetensors"),
        Map.of(
            "a", StoredTensor.of(new float[] {1}, 1), "extra", StoredTensor.of(new float[0], 0)));
    index("{\"a\": \"one.safetensors\", \"b\": \"two.safetensors\"}");
    assertThat(ModelFolder.open(folder).names()).containsExactly("a", "b");
  }
}
