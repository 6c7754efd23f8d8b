package dev.peft4j.transformers;

import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.peft4j.data.DType;
import dev.peft4j.data.Encoding;
import dev.peft4j.data.Shape;
import dev.peft4j.data.Storage;
import dev.peft4j.io.SafeTensors;
import dev.peft4j.io.StoredTensor;
import dev.peft4j.tensor.Tensor;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URISyntaxException;
import java.net.URL;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;

/** The tiny models of a family, and what transformers and peft computed with them. */
final class TinyFamily {
  private final Path folder;
  private final SafeTensors io;

  private TinyFamily(Path folder) throws IOException {
    this.folder = folder;
    this.io = SafeTensors.open(folder.resolve("io.safetensors"));
  }

  static TinyFamily of(String modelType) {
    URL place = TinyFamily.class.getResource("families/" + modelType + "/io.safetensors");
    if (place == null) {
      throw new IllegalStateException(
          "no tiny model of family "
              + modelType
              + "; src/test/python/make_tiny_families.py makes it");
    }
    try {
      return new TinyFamily(Path.of(place.toURI()).getParent());
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    } catch (URISyntaxException e) {
      throw new IllegalStateException(e);
    }
  }

  Path file(String name) {
    return folder.resolve(name);
  }

  Path sequence() {
    return folder.resolve("sequence");
  }

  Path token() {
    return folder.resolve("token");
  }

  Path adapter() {
    return folder.resolve("adapter");
  }

  Tensor io(String name) {
    try {
      StoredTensor t = io.tensor(name);
      return Tensor.of(t.storage(), t.shape());
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  int count(String prefix) {
    return (int) io.names().stream().filter(n -> n.startsWith(prefix)).count();
  }

  Tensor ids() {
    return io("input.input_ids");
  }

  Tensor mask() {
    return io("input.attention_mask");
  }

  @Nullable Tensor types() {
    return io.contains("input.token_type_ids") ? io("input.token_type_ids") : null;
  }

  private Map<String, StoredTensor> weights() throws IOException {
    SafeTensors file = SafeTensors.open(sequence().resolve("model.safetensors"));
    Map<String, StoredTensor> out = new LinkedHashMap<>();
    for (String name : file.names()) {
      out.put(name, file.tensor(name));
    }
    return out;
  }

  private Path with(Path to, Map<String, StoredTensor> weights) throws IOException {
    Files.copy(sequence().resolve("config.json"), to.resolve("config.json"));
    SafeTensors.write(to.resolve("model.safetensors"), weights, Map.of());
    return to;
  }

  /** A copy of the sequence classifier that a test may change. */
  Path copy(Path to) throws IOException {
    return with(to, weights());
  }

  /** A copy with other names; null leaves a weight out. */
  Path rewritten(Path to, UnaryOperator<@Nullable String> rename) throws IOException {
    Map<String, StoredTensor> out = new LinkedHashMap<>();
    for (Map.Entry<String, StoredTensor> e : weights().entrySet()) {
      String name = rename.apply(e.getKey());
      if (name != null) {
        out.put(name, e.getValue());
      }
    }
    return with(to, out);
  }

  /** A copy with one weight more, (8, 8), and a bias beside it. */
  Path withExtra(Path to, String layer) throws IOException {
    Map<String, StoredTensor> out = weights();
    out.put(layer + ".weight", zeros(8, 8));
    out.put(layer + ".bias", zeros(8));
    return with(to, out);
  }

  private static StoredTensor zeros(int... shape) {
    Shape s = Shape.of(shape);
    return new StoredTensor(s, Storage.zeros(DType.FLOAT32, s.elements()));
  }

  /** A copy with numbers of another type. */
  Path inType(Path to, Encoding type) throws IOException {
    Map<String, StoredTensor> out = new LinkedHashMap<>();
    for (Map.Entry<String, StoredTensor> e : weights().entrySet()) {
      StoredTensor t = e.getValue();
      out.put(e.getKey(), new StoredTensor(t.shape(), t.storage().copyAs(type)));
    }
    return with(to, out);
  }

  /** A copy in two files and an index. */
  Path sharded(Path to) throws IOException {
    Map<String, StoredTensor> all = weights();
    Map<String, StoredTensor> first = new LinkedHashMap<>();
    Map<String, StoredTensor> second = new LinkedHashMap<>();
    ObjectNode index = new JsonMapper().createObjectNode();
    ObjectNode map = index.putObject("weight_map");
    int i = 0;
    for (Map.Entry<String, StoredTensor> e : all.entrySet()) {
      boolean one = i++ % 2 == 0;
      (one ? first : second).put(e.getKey(), e.getValue());
      map.put(e.getKey(), one ? "model-1.safetensors" : "model-2.safetensors");
    }
    SafeTensors.write(to.resolve("model-1.safetensors"), first, Map.of());
    SafeTensors.write(to.resolve("model-2.safetensors"), second, Map.of());
    Files.copy(sequence().resolve("config.json"), to.resolve("config.json"));
    Files.writeString(to.resolve("model.safetensors.index.json"), index.toString());
    return to;
  }
}
