package dev.peft4j.transformers;

import dev.peft4j.io.SafeTensors;
import dev.peft4j.tensor.Tensor;
import java.io.IOException;
import java.net.URISyntaxException;
import java.nio.file.Path;
import java.util.Objects;

/** Files that Python programs wrote, and what transformers computes with them. */
final class GgufResource {
  private GgufResource() {}

  static Path path(String name) {
    try {
      return Path.of(
          Objects.requireNonNull(GgufResource.class.getResource("gguf/" + name), name).toURI());
    } catch (URISyntaxException e) {
      throw new IllegalStateException(e);
    }
  }

  static Tensor expected(String name) throws IOException {
    SafeTensors io = SafeTensors.open(path("expected.safetensors"));
    return Tensor.of(io.storage(name), io.info(name).shape());
  }
}
