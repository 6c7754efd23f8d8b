package dev.peft4j.tuner;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.peft4j.data.Rng;
import dev.peft4j.data.Storage;
import dev.peft4j.io.AdapterConfig;
import dev.peft4j.io.SafeTensors;
import dev.peft4j.io.StoredTensor;
import dev.peft4j.nn.Embedding;
import dev.peft4j.nn.Initial;
import dev.peft4j.nn.LayerNorm;
import dev.peft4j.nn.Linear;
import dev.peft4j.nn.Module;
import dev.peft4j.nn.NamedParameter;
import dev.peft4j.nn.TransposedLinear;
import dev.peft4j.tensor.Tensor;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * {@link PeftInteropTest} over the tuners of single layers, with the settings in {@code
 * layer_tuners.json}. FRoD's adapters go one way only: peft's loading computes with a part that
 * follows from its own basis, not from the file's. Needs a Python with peft: the one that the
 * environment variable PEFT4J_PYTHON names, else {@code python3} on the path; skipped without.
 */
class LayerTunersInteropTest {
  /** What the script says when a module is not there. */
  private static final int NO_PEFT = 42;

  private @TempDir Path folder;
  private JsonNode cases;

  private static final class Net extends Module {
    final Embedding embed = new Embedding(12, 16);
    final TransposedLinear turned =
        new TransposedLinear(
            Initial.normal(Rng.current(), 0.3f, 16, 32), Initial.constant(0.1f, 32));
    final Linear fc1 = new Linear(32, 16);
    final Linear fc2 = new Linear(16, 16, false);
    final LayerNorm norm = new LayerNorm(16);
    final Linear head = new Linear(16, 4);

    Tensor forward(Tensor ids) {
      Tensor x = turned.forward(embed.forward(ids)).tanh();
      return head.forward(norm.forward(fc2.forward(fc1.forward(x).relu())));
    }
  }

  @BeforeEach
  void read() throws IOException {
    Path file = folder.resolve("cases.json");
    copy("layer_tuners.json", file);
    cases = new ObjectMapper().readTree(file.toFile());
  }

  private static void copy(String name, Path to) throws IOException {
    try (InputStream in =
        Objects.requireNonNull(LayerTunersInteropTest.class.getResourceAsStream(name))) {
      Files.copy(in, to);
    }
  }

  /** What does not need Python: the files keep what is computed. */
  @Test
  void filesKeepWhatIsComputed() throws IOException {
    for (int i = 0; i < cases.size(); i++) {
      Path c = folder.resolve("here-" + i);
      saveHere(c, i);
      SafeTensors io = SafeTensors.open(c.resolve("io.safetensors"));
      Net again = Rng.with(i, Net::new);
      PeftModel.load(again, c.resolve("adapter"));
      again.eval();
      Tensor x = Tensor.of(io.storage("x"), io.info("x").shape());
      compare("case " + i, again.forward(x).storage(), io.storage("output"));
    }
  }

  @Test
  void bothWays() throws Exception {
    for (int i = 0; i < cases.size(); i++) {
      saveHere(folder.resolve("here-" + i), i);
    }
    runPython();
    for (int i = 0; i < cases.size(); i++) {
      Path c = folder.resolve("here-" + i);
      if (Files.exists(c.resolve("left-out"))) {
        continue;
      }
      if (Files.exists(c.resolve("peft.safetensors"))) {
        String what = "saved here, case " + i + " " + cases.path(i);
        SafeTensors theirs = SafeTensors.open(c.resolve("peft.safetensors"));
        SafeTensors ours = SafeTensors.open(c.resolve("io.safetensors"));
        compare(what, theirs.storage("output"), ours.storage("output"));
        assertThat(Files.readAllLines(c.resolve("params.txt")))
            .as(what)
            .containsExactlyElementsOf(Files.readAllLines(c.resolve("names.txt")));
      }
      loadHere(folder.resolve("there-" + i), "saved by peft, case " + i + " " + cases.path(i));
    }
  }

  @SuppressWarnings({"rawtypes", "unchecked"})
  private void saveHere(Path c, int i) throws IOException {
    ObjectNode settings = (ObjectNode) cases.path(i);
    Tuner tuner = Tuner.of(settings.path("peft_type").asText());
    PeftConfig config = tuner.read(AdapterConfig.of(settings));
    Net base = Rng.with(i, Net::new);
    AdaptedModel<Net> model = Rng.with(i, () -> PeftModel.of(base, config));
    Nets.disturb(model, i + 100);
    base.eval();
    Tensor x = Tensor.of(new java.util.Random(i).longs(15, 0, 12).toArray(), 3, 5);
    Map<String, StoredTensor> io = new LinkedHashMap<>();
    base.stateDict()
        .forEach((name, p) -> io.put("base." + name, new StoredTensor(p.shape(), p.own())));
    io.put("x", new StoredTensor(x.shape(), x.storage()));
    Tensor y = base.forward(x);
    io.put("output", new StoredTensor(y.shape(), y.storage()));
    model.save(c.resolve("adapter"));
    SafeTensors.write(c.resolve("io.safetensors"), io);
    Files.write(
        c.resolve("names.txt"),
        model.namedParameters().stream().map(NamedParameter::name).toList());
  }

  private static void loadHere(Path c, String what) throws IOException {
    SafeTensors io = SafeTensors.open(c.resolve("io.safetensors"));
    Net base = new Net();
    Map<String, Storage> weights = new LinkedHashMap<>();
    for (String name : io.names()) {
      if (name.startsWith("base.")) {
        weights.put(name.substring(5), io.storage(name));
      }
    }
    base.load(weights);
    AdaptedModel<Net> model = PeftModel.load(base, c.resolve("adapter"));
    base.eval();
    Tensor x = Tensor.of(io.storage("x"), io.info("x").shape());
    compare(what, base.forward(x).storage(), io.storage("output"));
    assertThat(model.namedParameters().stream().map(NamedParameter::name))
        .as(what)
        .containsExactlyElementsOf(Files.readAllLines(c.resolve("params.txt")));
    if (model.adapters().config("default").peftType().equals("LILY")) {
      return; // it cannot be merged
    }
    model.mergeAndUnload();
    compare("merged, " + what, base.forward(x).storage(), io.storage("output"));
  }

  private static void compare(String what, Storage found, Storage expected) {
    float largest = 1;
    for (float v : expected.toFloats()) {
      largest = Math.max(largest, Math.abs(v));
    }
    assertThat(Nets.largestDifference(found.toFloats(), expected.toFloats()))
        .as(what)
        .isLessThan(1e-5f * largest);
  }

  private void runPython() throws Exception {
    String python = Objects.requireNonNullElse(System.getenv("PEFT4J_PYTHON"), "python3");
    Path script = folder.resolve("layer_tuners.py");
    copy("layer_tuners.py", script);
    Path log = folder.resolve("log");
    Process process;
    try {
      process =
          new ProcessBuilder(List.of(python, script.toString(), folder.toString()))
              .redirectErrorStream(true)
              .redirectOutput(log.toFile())
              .start();
    } catch (IOException e) {
      Assumptions.abort("there is no Python: " + e.getMessage());
      return;
    }
    assertThat(process.waitFor(300, TimeUnit.SECONDS)).isTrue();
    String said = Files.readString(log);
    Assumptions.assumeFalse(process.exitValue() == NO_PEFT, python + ": " + said);
    assertThat(process.exitValue()).as(said).isZero();
  }
}
