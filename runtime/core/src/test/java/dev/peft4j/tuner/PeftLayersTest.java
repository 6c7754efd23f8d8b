package dev.peft4j.tuner;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.peft4j.data.Storage;
import dev.peft4j.io.AdapterConfig;
import dev.peft4j.io.SafeTensors;
import dev.peft4j.io.StoredTensor;
import dev.peft4j.nn.Conv1d;
import dev.peft4j.nn.Linear;
import dev.peft4j.nn.Module;
import dev.peft4j.nn.NamedParameter;
import dev.peft4j.nn.TransposedLinear;
import dev.peft4j.tensor.Tensor;
import java.io.IOException;
import java.net.URISyntaxException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.function.UnaryOperator;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Adapters of Conv1d and TransposedLinear against numbers of peft; {@code make.py} beside the files
 * made them.
 */
class PeftLayersTest {
  private static final float TOLERANCE = 1e-5f;

  private static final class Convolution extends Module {
    final Conv1d conv = new Conv1d(3, 4, 3, 2, 1);
    final Linear head = new Linear(4, 2);

    Tensor forward(Tensor x) {
      return head.forward(conv.forward(x).tanh().mean(2));
    }
  }

  private static final class Transposed extends Module {
    final TransposedLinear fc = new TransposedLinear(6, 8);
    final TransposedLinear proj = new TransposedLinear(8, 6);

    Tensor forward(Tensor x) {
      return proj.forward(fc.forward(x).gelu());
    }
  }

  static List<String> cases() throws IOException {
    try (Stream<Path> files = Files.list(folder())) {
      return files
          .map(f -> String.valueOf(f.getFileName()))
          .filter(n -> n.endsWith(".safetensors"))
          .map(n -> n.replace(".safetensors", ""))
          .sorted()
          .toList();
    }
  }

  private static Path folder() {
    try {
      return Path.of(Objects.requireNonNull(PeftLayersTest.class.getResource("layers")).toURI());
    } catch (URISyntaxException e) {
      throw new IllegalStateException(e);
    }
  }

  @ParameterizedTest
  @MethodSource("cases")
  void agreesWithPeft(String name) throws IOException {
    SafeTensors file = SafeTensors.open(folder().resolve(name + ".safetensors"));
    Module module;
    UnaryOperator<Tensor> forward;
    if (name.startsWith("conv1d")) {
      Convolution m = new Convolution();
      module = m;
      forward = m::forward;
    } else {
      Transposed m = new Transposed();
      module = m;
      forward = m::forward;
    }
    Map<String, Storage> base = new LinkedHashMap<>();
    starting(file, "base.").forEach((key, t) -> base.put(key, t.storage()));
    module.load(base);
    ObjectNode tree = (ObjectNode) new ObjectMapper().readTree(file.metadata().get("config"));
    AdapterConfig settings = AdapterConfig.of(tree);
    Tuner tuner = Tuner.of(tree.path("peft_type").asText());
    PeftConfig config = tuner.read(settings);
    AdaptedModel<Module> model = PeftModel.of(module, config);
    model.adapters().hotSwap("default", starting(file, "adapter."));

    Tensor x = tensor(file, "input");
    Tensor y = forward.apply(x);
    y.retain();
    y.mseLoss(tensor(file, "target")).backward();
    Map<String, StoredTensor> gradients = starting(file, "grad.");
    for (NamedParameter p : model.namedParameters()) {
      StoredTensor expected = gradients.remove(p.name());
      if (p.parameter().trainable()) {
        same(
            Objects.requireNonNull(p.parameter().grad(), p.name()),
            Objects.requireNonNull(expected, p.name()),
            p.name());
      }
    }
    assertThat(gradients).isEmpty();
    same(y, file, "output");
    ObjectNode written = tuner.write(model.adapters().config("default"));
    assertThat(written.get("fan_in_fan_out")).isEqualTo(tree.get("fan_in_fan_out"));
    assertThat(tuner.read(AdapterConfig.of(written))).isEqualTo(model.adapters().config("default"));

    module.eval();
    model.merge();
    same(forward.apply(x), file, "merged_output");
    model.mergeAndUnload();
    same(forward.apply(x), file, "merged_output");
    starting(file, "merged.")
        .forEach(
            (key, t) ->
                same(Objects.requireNonNull(module.stateDict().get(key), key), t, "merged." + key));
  }

  private static Map<String, StoredTensor> starting(SafeTensors file, String prefix)
      throws IOException {
    Map<String, StoredTensor> found = new LinkedHashMap<>();
    for (String n : file.names()) {
      if (n.startsWith(prefix)) {
        found.put(
            n.substring(prefix.length()), new StoredTensor(file.info(n).shape(), file.storage(n)));
      }
    }
    return found;
  }

  private static Tensor tensor(SafeTensors file, String name) throws IOException {
    return Tensor.of(file.storage(name), file.info(name).shape());
  }

  private static void same(Tensor found, SafeTensors file, String name) throws IOException {
    same(found, new StoredTensor(file.info(name).shape(), file.storage(name)), name);
  }

  private static void same(Tensor found, StoredTensor expected, String name) {
    assertThat(found.shape()).as(name).isEqualTo(expected.shape());
    assertThat(found.toFloats())
        .as(name)
        .usingComparatorWithPrecision(TOLERANCE)
        .containsExactly(expected.storage().toFloats());
  }
}
