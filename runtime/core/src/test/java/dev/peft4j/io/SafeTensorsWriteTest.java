package dev.peft4j.io;

import static dev.peft4j.io.TestFiles.resource;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.peft4j.data.Shape;
import dev.peft4j.data.Storage;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class SafeTensorsWriteTest {
  @TempDir Path folder;

  @Test
  void writesTheBytesThatPythonWrites() throws Exception {
    for (String name :
        List.of(
            "names.safetensors",
            "adapter/adapter_model.safetensors",
            "named/extra/adapter_model.safetensors")) {
      SafeTensors python = SafeTensors.open(resource(name));
      List<String> names = new ArrayList<>(python.names());
      Collections.shuffle(names, new Random(3));
      Map<String, StoredTensor> tensors = new LinkedHashMap<>();
      for (String n : names) {
        tensors.put(n, python.tensor(n));
      }
      Path file = folder.resolve("x/y/again.safetensors");
      SafeTensors.write(file, tensors);
      assertThat(file).hasSameBinaryContentAs(resource(name));
    }
    assertThat(TestFiles.listing(folder)).containsExactly("x/", "x/y/", "x/y/again.safetensors");
  }

  @Test
  void withoutTensorsOrMetadataTheHeaderIsAnEmptyObject() throws Exception {
    Path file = folder.resolve("none");
    SafeTensors.write(file, Map.of(), Map.of());
    assertThat(Files.readAllBytes(file)).isEqualTo(TestFiles.safetensors("{}      ", 0));
    SafeTensors.write(file, Map.of());
    assertThat(SafeTensors.open(file).metadata()).containsExactly(Map.entry("format", "pt"));
  }

  @Test
  void refusesNamesThatTheFormatCannotHold() {
    StoredTensor t = StoredTensor.of(new float[] {1}, 1);
    Path file = folder.resolve("f");
    assertThatThrownBy(() -> SafeTensors.write(file, Map.of("__metadata__", t)))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("__metadata__");
    assertThatThrownBy(() -> SafeTensors.write(file, Map.of("\ud800", t)))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("\\ud800");
    assertThat(TestFiles.listing(folder)).isEmpty();
  }

  @Test
  void shapeAndStorageMustAgree() {
    assertThatThrownBy(() -> new StoredTensor(Shape.of(2, 2), Storage.of(1f, 2f, 3f)))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContainingAll("(2, 2)", "4 elements", "3");
  }
}
