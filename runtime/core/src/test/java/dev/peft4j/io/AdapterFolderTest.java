package dev.peft4j.io;

import static dev.peft4j.io.TestFiles.listing;
import static dev.peft4j.io.TestFiles.resource;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.SequencedMap;
import java.util.concurrent.atomic.AtomicBoolean;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class AdapterFolderTest {
  private static final String A = "base_model.model.linear.lora_A.weight";

  @TempDir Path folder;

  private static SequencedMap<String, StoredTensor> weights(float value) {
    SequencedMap<String, StoredTensor> out = new LinkedHashMap<>();
    out.put(A, StoredTensor.of(new float[] {value, value}, 1, 2));
    return out;
  }

  private static AdapterConfig config(int r) {
    return AdapterConfig.of(Defaults.lora().put("r", r));
  }

  private static void refused(ThrowingCallable call, String... words) {
    assertThatThrownBy(call)
        .isInstanceOf(FileFormatException.class)
        .hasMessageContainingAll(words)
        .satisfies(e -> assertThat(e.getMessage()).doesNotContain("\n"));
  }

  @Test
  void readsAndWritesWhatPeftWrites() throws Exception {
    Adapter adapter = AdapterFolder.read(resource("adapter"));
    assertThat(adapter.shapes())
        .hasToString(
            "{base_model.model.linear.lora_A.weight=(1, 2), "
                + "base_model.model.linear.lora_B.weight=(4, 1)}");
    adapter.tensors().get(A).storage().setFloat(0, adapter.tensors().get(A).storage().floatAt(0));
    adapter.checkFinite();
    AdapterFolder.write(
        folder,
        "default",
        adapter.config(),
        adapter.tensors(),
        ModelCard.of(adapter.config(), "lora"));
    assertThat(listing(folder))
        .containsExactly("README.md", "adapter_config.json", "adapter_model.safetensors");
    for (String name : listing(folder)) {
      assertThat(folder.resolve(name)).hasSameBinaryContentAs(resource("adapter").resolve(name));
    }
  }

  @Test
  void otherAdaptersHaveAFolderOfTheirName() throws Exception {
    Adapter adapter = AdapterFolder.read(resource("named"), "extra");
    AdapterFolder.write(
        folder,
        "extra",
        adapter.config(),
        adapter.tensors(),
        ModelCard.of(adapter.config(), "lora"));
    assertThat(listing(folder))
        .containsExactly(
            "README.md", "extra/", "extra/adapter_config.json", "extra/adapter_model.safetensors");
    for (String name : listing(folder)) {
      if (!name.endsWith("/")) {
        assertThat(folder.resolve(name)).hasSameBinaryContentAs(resource("named").resolve(name));
      }
    }
    for (String name : new String[] {"", "a/b", "..", ".", "a\\b", "x\0y"}) {
      assertThatThrownBy(() -> AdapterFolder.locate(folder, name))
          .isInstanceOf(IllegalArgumentException.class);
    }
  }

  @Test
  void whatIsMissingIsSaidInOneSentence() throws Exception {
    refused(() -> AdapterFolder.read(folder.resolve("x")), "x: does not exist");
    Path file = Files.writeString(folder.resolve("file"), "");
    refused(() -> AdapterFolder.read(file), "is a file, expected a folder");
    refused(() -> AdapterFolder.read(folder), "no adapter_config.json");
    AdapterFolder.write(folder, "mine", config(1), weights(1), null);
    refused(() -> AdapterFolder.read(folder), "no adapter_config.json", "did you mean 'mine'");
    Path mine = folder.resolve("mine");
    Path weights = mine.resolve("adapter_model.safetensors");
    Files.delete(weights);
    refused(() -> AdapterFolder.read(mine), "adapter_model.safetensors is missing");
    Files.writeString(mine.resolve("adapter_model.bin"), "");
    refused(() -> AdapterFolder.read(mine), "adapter_model.bin", "convert it");
    Files.writeString(weights, "");
    refused(() -> AdapterFolder.read(mine), "adapter_model.safetensors: is empty");
    Files.writeString(mine.resolve("adapter_config.json"), "{");
    refused(() -> AdapterFolder.read(mine), "adapter_config.json: is not valid JSON");
  }

  @Test
  void weightsCanBeCheckedForNan() throws Exception {
    AdapterFolder.write(folder, "default", config(1), weights(Float.NaN), null);
    Adapter adapter = AdapterFolder.read(folder);
    refused(adapter::checkFinite, "adapter_model.safetensors", A, "NaN at [0, 0]");
  }

  @Test
  void aFullDiskAtAnyByteLeavesTheOldAdapter() throws Exception {
    AdapterFolder.write(folder, "default", config(1), weights(1), null);
    SequencedMap<Path, AtomicFiles.Content> files =
        AdapterFolder.files(folder, "default", config(2), weights(2), ModelCard.of(config(2)));
    byte[] before = Files.readAllBytes(folder.resolve("adapter_config.json"));
    for (int room = 0; room < 6000; room += 97) {
      int bytes = room;
      assertThatThrownBy(() -> AtomicFilesTest.write(AtomicFilesTest.diskOf(bytes), files))
          .isInstanceOf(IOException.class)
          .hasMessageContainingAll("in folder " + folder, "no space left");
      assertThat(listing(folder))
          .containsExactly("adapter_config.json", "adapter_model.safetensors");
      assertThat(folder.resolve("adapter_config.json")).hasBinaryContent(before);
      assertThat(AdapterFolder.read(folder).tensors().get(A).storage().floatAt(0)).isEqualTo(1);
    }
    AtomicFilesTest.write(AtomicFilesTest.diskOf(20_000), files);
    assertThat(AdapterFolder.read(folder).config().positiveInteger("r", 0)).isEqualTo(2);
  }

  @Test
  void whatCannotBeWrittenIsRefusedAndNothingChanges() throws Exception {
    Path file = Files.writeString(folder.resolve("file"), "mine");
    assertThatThrownBy(() -> AdapterFolder.write(file, "default", config(1), weights(1), null))
        .isInstanceOf(IOException.class)
        .hasMessageContaining("is a file");
    assertThatThrownBy(
            () -> AdapterFolder.write(file.resolve("x"), "default", config(1), weights(1), null))
        .isInstanceOf(IOException.class)
        .hasMessageContaining("in folder " + file.resolve("x"));
    Path target = folder.resolve("t");
    Files.createDirectories(target.resolve("adapter_config.json/in the way"));
    Files.writeString(target.resolve("adapter_model.safetensors"), "old");
    assertThatThrownBy(() -> AdapterFolder.write(target, "default", config(1), weights(1), null))
        .isInstanceOf(IOException.class)
        .hasMessageContainingAll("adapter_config.json in folder " + target, "folder of that name");
    assertThat(target.resolve("adapter_model.safetensors")).hasContent("old");
    assertThat(listing(folder))
        .containsExactly(
            "file",
            "t/",
            "t/adapter_config.json/",
            "t/adapter_config.json/in the way/",
            "t/adapter_model.safetensors");
  }

  @Test
  void readersSeeWholeAdaptersWhileOneIsSaved() throws Exception {
    AdapterFolder.write(folder, "default", config(1), weights(1), null);
    AtomicBoolean stop = new AtomicBoolean();
    Thread writer =
        Thread.ofPlatform()
            .start(
                () -> {
                  for (int i = 2; !stop.get(); i++) {
                    try {
                      AdapterFolder.write(folder, "default", config(i), weights(i), null);
                    } catch (IOException e) {
                      throw new java.io.UncheckedIOException(e);
                    }
                  }
                });
    try {
      for (int i = 0; i < 200; i++) {
        Adapter a = AdapterFolder.read(folder);
        float[] values = a.tensors().get(A).storage().toFloats();
        assertThat(values[0]).isEqualTo(values[1]);
        assertThat(values[0]).isEqualTo(a.config().positiveInteger("r", 0));
      }
    } finally {
      stop.set(true);
      writer.join();
    }
    assertThat(listing(folder)).containsExactly("adapter_config.json", "adapter_model.safetensors");
    assertThat(Map.copyOf(AdapterFolder.read(folder).tensors())).containsOnlyKeys(A);
  }
}
