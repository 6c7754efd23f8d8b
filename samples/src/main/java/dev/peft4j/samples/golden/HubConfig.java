package dev.peft4j.samples.golden;

import dev.peft4j.tensor.Tensor;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;

/** A case's model with its settings as older releases of transformers spell them. */
final class HubConfig {
  interface Computation {
    Tensor of(Path folder) throws IOException;
  }

  private HubConfig() {}

  /** Returns what is computed with the model in a folder with the other settings. */
  static Tensor with(GoldenCase golden, Computation computation) throws IOException {
    Path folder = Files.createTempDirectory("peft4j-golden");
    List<Path> files = new ArrayList<>();
    try {
      try (Stream<Path> all = Files.list(golden.modelFolder())) {
        for (Path file : all.toList()) {
          Path to = folder.resolve(String.valueOf(file.getFileName()));
          Files.copy(to.endsWith("config.json") ? golden.hubConfig() : file, to);
          files.add(to);
        }
      }
      Tensor result = computation.of(folder);
      return Tensor.of(result.toFloats(), result.shape().toArray());
    } finally {
      for (Path file : files) {
        Files.delete(file);
      }
      Files.delete(folder);
    }
  }
}
