package dev.peft4j.tuner;

import static org.assertj.core.api.Assertions.assertThat;

import dev.peft4j.annotation.Bias;
import dev.peft4j.annotation.Init;
import dev.peft4j.data.Rng;
import dev.peft4j.data.Storage;
import dev.peft4j.io.SafeTensors;
import dev.peft4j.io.StoredTensor;
import dev.peft4j.nn.NamedParameter;
import dev.peft4j.tensor.Tensor;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * peft loads adapters that were saved here and computes the same, and the other way round. Needs a
 * Python with peft: the one that the environment variable PEFT4J_PYTHON names, else {@code python3}
 * on the path; skipped without.
 */
class PeftInteropTest {
  private static final int CASES = 12;

  /** What the script says when a module is not there. */
  private static final int NO_PEFT = 42;

  private @TempDir Path folder;

  @Test
  void bothWays() throws Exception {
    for (int i = 0; i < CASES; i++) {
      saveHere(folder.resolve("here-" + i), i);
    }
    runPython();
    for (int i = 0; i < CASES; i++) {
      Path c = folder.resolve("here-" + i);
      SafeTensors theirs = SafeTensors.open(c.resolve("peft.safetensors"));
      SafeTensors ours = SafeTensors.open(c.resolve("io.safetensors"));
      compare("saved here, " + c, theirs.storage("output"), ours.storage("output"));
      assertThat(Files.readAllLines(c.resolve("params.txt")))
          .as(c + " " + Files.readString(c.resolve("adapter/adapter_config.json")))
          .containsExactlyElementsOf(Files.readAllLines(c.resolve("names.txt")));
    }
    for (int i = 0; i < CASES; i++) {
      loadHere(folder.resolve("there-" + i));
    }
  }

  private static void saveHere(Path c, long seed) throws IOException {
    Nets.Mlp base = Nets.mlp(seed);
    LoraConfig config = config(new Random(seed));
    AdaptedModel<Nets.Mlp> model = Rng.with(seed, () -> PeftModel.of(base, config));
    Nets.disturb(model, seed + 100);
    Tensor x = Nets.input(seed, 5, 16);
    base.eval();
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

  private static LoraConfig config(Random r) {
    LoraConfig.Builder b = LoraConfig.builder();
    switch (r.nextInt(4)) {
      case 0 -> b.targets("fc1", "fc2");
      case 1 -> b.targetRegex("fc[12]|head");
      case 2 -> b.allLinear().exclude("fc2");
      default -> b.targets("fc2").modulesToSave("head", "norm");
    }
    b.r(1 + r.nextInt(7)).alpha(r.nextBoolean() ? 1 + r.nextInt(16) : 0.25 + r.nextInt(9));
    b.rslora(r.nextBoolean()).dropout(r.nextInt(3) * 0.1);
    b.bias(Bias.values()[r.nextInt(3)]).init(Init.values()[r.nextInt(3)]);
    if (r.nextBoolean()) {
      b.rankPattern("fc2", 3).alphaPattern("fc2|fc1", 5.5);
    }
    if (r.nextBoolean()) {
      b.taskType("FEATURE_EXTRACTION");
    }
    return b.build();
  }

  private static void loadHere(Path c) throws IOException {
    SafeTensors io = SafeTensors.open(c.resolve("io.safetensors"));
    Nets.Mlp base = new Nets.Mlp();
    Map<String, Storage> weights = new LinkedHashMap<>();
    for (String name : io.names()) {
      if (name.startsWith("base.")) {
        weights.put(name.substring(5), io.storage(name));
      }
    }
    base.load(weights);
    AdaptedModel<Nets.Mlp> model = PeftModel.load(base, c.resolve("adapter"));
    base.eval();
    Tensor x = Tensor.of(io.storage("x"), io.info("x").shape());
    compare("saved by peft, " + c, base.forward(x).storage(), io.storage("output"));
    assertThat(model.namedParameters().stream().map(NamedParameter::name))
        .containsExactlyElementsOf(Files.readAllLines(c.resolve("params.txt")));
    model.mergeAndUnload();
    compare("merged, " + c, base.forward(x).storage(), io.storage("output"));
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
    Path script = folder.resolve("interop.py");
    try (InputStream in =
        Objects.requireNonNull(PeftInteropTest.class.getResourceAsStream("interop.py"))) {
      Files.copy(in, script);
    }
    Path log = folder.resolve("log");
    Process process;
    try {
      process =
          new ProcessBuilder(
                  List.of(python, script.toString(), folder.toString(), Integer.toString(CASES)))
              .redirectErrorStream(true)
              .redirectOutput(log.toFile())
              .start();
    } catch (IOException e) {
      Assumptions.abort("there is no Python: " + e.getMessage());
      return;
    }
    assertThat(process.waitFor(300, TimeUnit.SECONDS)).isTrue();
    try (Stream<String> lines = Files.lines(log)) {
      String tail = String.join("\n", lines.toList());
      Assumptions.assumeFalse(process.exitValue() == NO_PEFT, python + ": " + tail);
      assertThat(process.exitValue()).as(tail).isZero();
    }
  }
}
