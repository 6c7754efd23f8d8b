package dev.peft4j.tuner;

import static org.assertj.core.api.Assertions.assertThat;

import dev.peft4j.annotation.Bias;
import dev.peft4j.annotation.Init;
import dev.peft4j.data.Rng;
import dev.peft4j.data.Storage;
import dev.peft4j.io.SafeTensors;
import dev.peft4j.io.StoredTensor;
import dev.peft4j.nn.Module;
import dev.peft4j.nn.NamedParameter;
import dev.peft4j.nn.Parameter;
import dev.peft4j.tensor.Tensor;
import dev.peft4j.tuner.lora.LoraConfig;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
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
 * peft loads adapters that were saved here and computes the same, and the other way round: random
 * models, settings, numbers of adapters and names, all in one run of Python. Needs a Python with
 * peft: the one that the environment variable PEFT4J_PYTHON names, else {@code python3} on the
 * path; skipped without.
 */
class PeftInteropTest {
  private static final int CASES = 64;

  /** Other cases with another number: {@code -DargLine=-Dpeft4j.interop.seed=1000}. */
  private static final long SEED = Long.getLong("peft4j.interop.seed", 0);

  /** What the script says when a module is not there. */
  private static final int NO_PEFT = 42;

  private @TempDir Path folder;

  @Test
  void bothWays() throws Exception {
    for (int i = 0; i < CASES; i++) {
      saveHere(folder.resolve("here-" + i), SEED + i);
    }
    runPython();
    for (int i = 0; i < CASES; i++) {
      compareWithPeft(folder.resolve("here-" + i));
    }
    for (int i = 0; i < CASES; i++) {
      loadHere(folder.resolve("there-" + i));
    }
  }

  // ---- saved here, loaded by peft
  // ----------------------------------------------------------------------------------

  private static void saveHere(Path c, long seed) throws IOException {
    Random random = new Random(seed);
    String kind = List.of("mlp", "tagger", "tagger", "conv").get(random.nextInt(4));
    InteropNets.Model base = Rng.with(seed, () -> InteropNets.Model.of(kind));
    // names that are also parts of paths and keys: peft loses weights over them
    List<String> names =
        new ArrayList<>(List.of("0", "q_proj", "fc2", "body", "lora_A", "weight", "conv1"));
    Collections.shuffle(names, random);
    List<String> adapters = new ArrayList<>(List.of("default"));
    adapters.addAll(names.subList(0, random.nextInt(3)));
    AdaptedModel<Module> model =
        Rng.with(seed, () -> PeftModel.of(base.module(), config(random, kind, true)));
    for (String more : adapters.subList(1, adapters.size())) {
      Rng.with(
          seed + 1,
          () -> {
            model.adapters().addMatching(more, config(random, kind, false));
            return true;
          });
    }
    Rng noise = new Rng(seed + 100);
    for (String a : adapters) {
      for (Parameter p : model.adapters().adapter(a).ownParameters()) {
        float[] v = p.own().toFloats();
        float[] d = noise.normal(v.length, 0, 0.1f);
        for (int i = 0; i < v.length; i++) {
          v[i] += d[i];
        }
        p.set(v);
      }
    }
    base.module().eval();
    Map<String, StoredTensor> io = new LinkedHashMap<>();
    base.module()
        .stateDict()
        .forEach((name, p) -> io.put("base." + name, new StoredTensor(p.shape(), p.own())));
    Tensor x = base.input(new Rng(seed));
    io.put("x", new StoredTensor(x.shape(), x.storage()));
    for (String a : adapters) {
      Tensor y = model.withAdapter(a, () -> base.forward().apply(x));
      io.put("output." + a, new StoredTensor(y.shape(), y.storage()));
    }
    model.save(c.resolve("adapter"));
    SafeTensors.write(c.resolve("io.safetensors"), io);
    Files.writeString(c.resolve("model.txt"), kind);
    Files.write(c.resolve("adapters.txt"), adapters);
    if (adapters.size() == 1) {
      Files.write(
          c.resolve("names.txt"),
          model.namedParameters().stream().map(NamedParameter::name).toList());
    }
  }

  private static <T> T any(Random r, List<T> of) {
    return of.get(r.nextInt(of.size()));
  }

  private static String[] some(Random r, String... of) {
    List<String> all = new ArrayList<>(List.of(of));
    Collections.shuffle(all, r);
    return all.subList(0, 1 + r.nextInt(all.size())).toArray(String[]::new);
  }

  private static LoraConfig config(Random r, String kind, boolean biases) {
    LoraConfig.Builder b = LoraConfig.builder();
    List<String> patterns =
        switch (kind) {
          case "mlp" -> mlp(r, b);
          case "tagger" -> tagger(r, b);
          default -> conv(r, b);
        };
    b.r(1 + r.nextInt(7)).alpha(r.nextBoolean() ? 1 + r.nextInt(16) : 0.25 + r.nextInt(9));
    b.rslora(r.nextBoolean()).dropout(r.nextInt(3) * 0.1);
    Init init = any(r, List.of(Init.DEFAULT, Init.RANDOM, Init.GAUSSIAN));
    b.init(init);
    if (r.nextInt(3) == 0) {
      b.dora(true);
    } else if (init != Init.GAUSSIAN && r.nextInt(3) == 0 && !kind.equals("tagger")) {
      b.loraBias(true);
    }
    if (biases) {
      b.bias(Bias.values()[r.nextInt(3)]);
    }
    if (r.nextBoolean()) {
      b.rankPattern(any(r, patterns), 1 + r.nextInt(5)).alphaPattern(any(r, patterns), 5.5);
    }
    if (r.nextBoolean()) {
      b.taskType("FEATURE_EXTRACTION");
    }
    return b.build();
  }

  private static List<String> mlp(Random r, LoraConfig.Builder b) {
    switch (r.nextInt(4)) {
      case 0 -> b.targets(some(r, "fc1", "fc2", "head"));
      case 1 -> b.targetRegex(any(r, List.of("fc[12]|head", "fc.", ".*(1|2)")));
      case 2 -> b.allLinear().exclude("fc2");
      default -> b.targets("fc2").modulesToSave(some(r, "head", "norm"));
    }
    return List.of("fc2", "fc2|fc1", "^head", "nothing");
  }

  private static List<String> tagger(Random r, LoraConfig.Builder b) {
    switch (r.nextInt(6)) {
      case 0 -> b.targets(some(r, "q_proj", "k_proj", "v_proj", "fc1", "fc2", "emb"));
      case 1 ->
          b.targets(
                  some(
                      r,
                      "body.layers.0.attn.q_proj",
                      "body.layers.2.mlp.fc1",
                      "body.layers.1.attn.v_proj",
                      "emb"))
              .modulesToSave("score");
      case 2 ->
          b.targetRegex(
              any(
                  r,
                  List.of(
                      ".*\\.(q|k)_proj", "body\\.layers\\.[02]\\..*fc\\d", "(body\\.emb|score)")));
      case 3 -> b.allLinear().exclude(some(r, "score", "fc1", "attn.k_proj"));
      case 4 -> b.targets(some(r, "q_proj", "fc2")).layers(r.nextInt(3)).layersPattern("layers");
      default -> b.targets("attn.q_proj", "score").modulesToSave("body.layers.1.mlp");
    }
    return List.of(
        "q_proj",
        "layers.1.attn.q_proj",
        "^body.layers.0.mlp.fc1",
        "layers\\.\\d+\\.mlp\\.fc2",
        "emb");
  }

  private static List<String> conv(Random r, LoraConfig.Builder b) {
    switch (r.nextInt(4)) {
      case 0 -> b.targets(some(r, "conv1", "conv2", "head"));
      case 1 -> b.targetRegex("conv\\d|head");
      case 2 -> b.allLinear();
      default -> b.targets("conv1").modulesToSave(some(r, "conv2", "head"));
    }
    return List.of("conv1", "conv2|head", "head");
  }

  private static void compareWithPeft(Path c) throws IOException {
    SafeTensors theirs = SafeTensors.open(c.resolve("peft.safetensors"));
    SafeTensors ours = SafeTensors.open(c.resolve("io.safetensors"));
    List<String> adapters = Files.readAllLines(c.resolve("adapters.txt"));
    for (String a : adapters) {
      compare(
          "saved here, " + c + " " + a, theirs.storage("output." + a), ours.storage("output." + a));
      assertThat(Files.readString(c.resolve("differences." + a + ".txt")))
          .as(c + " " + a)
          .isEmpty();
    }
    if (adapters.size() == 1) {
      assertThat(Files.readAllLines(c.resolve("params.default.txt")))
          .as(c + " " + Files.readString(c.resolve("adapter/adapter_config.json")))
          .containsExactlyElementsOf(Files.readAllLines(c.resolve("names.txt")));
    }
  }

  // ---- saved by peft, loaded here
  // ----------------------------------------------------------------------------------

  private static void loadHere(Path c) throws IOException {
    SafeTensors io = SafeTensors.open(c.resolve("io.safetensors"));
    InteropNets.Model base = InteropNets.Model.of(Files.readString(c.resolve("model.txt")));
    Map<String, Storage> weights = new LinkedHashMap<>();
    for (String name : io.names()) {
      if (name.startsWith("base.")) {
        weights.put(name.substring(5), io.storage(name));
      }
    }
    base.module().load(weights);
    List<String> adapters = Files.readAllLines(c.resolve("adapters.txt"));
    boolean biased = Files.readString(c.resolve("biased.txt")).equals("True");
    AdaptedModel<Module> model = PeftModel.load(base.module(), c.resolve("adapter"));
    Tensor x = Tensor.of(io.storage("x"), io.info("x").shape());
    if (adapters.size() == 1) {
      assertThat(model.namedParameters().stream().map(NamedParameter::name))
          .as(c.toString())
          .containsExactlyElementsOf(Files.readAllLines(c.resolve("params.default.txt")));
    }
    for (String a : adapters.subList(1, adapters.size())) {
      model.adapters().addFrom(c.resolve("adapter").resolve(a), a);
    }
    for (String a : adapters) {
      if (a.equals("default") || !biased) {
        Tensor y = model.withAdapter(a, () -> base.forward().apply(x));
        compare("saved by peft, " + c + " " + a, y.storage(), io.storage("output." + a));
      }
    }
    // and back: what is saved here is what was loaded
    Path again = c.resolve("again");
    model.save(again);
    for (String a : adapters) {
      Path place = a.equals("default") ? Path.of("") : Path.of(a);
      SafeTensors here =
          SafeTensors.open(again.resolve(place).resolve("adapter_model.safetensors"));
      SafeTensors there =
          SafeTensors.open(
              c.resolve("adapter").resolve(place).resolve("adapter_model.safetensors"));
      for (String key : here.names()) {
        if (there.contains(key)) {
          assertThat(here.storage(key).toFloats()).as(key).isEqualTo(there.storage(key).toFloats());
        }
      }
      if (adapters.size() == 1) {
        assertThat(here.names())
            .as(c.toString())
            .containsExactlyInAnyOrderElementsOf(there.names());
      }
    }
    if (Files.readString(c.resolve("mergeable.txt")).equals("False")) {
      return;
    }
    model.mergeAndUnload();
    compare("merged, " + c, base.forward().apply(x).storage(), io.storage("output.default"));
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
                  List.of(
                      python,
                      script.toString(),
                      folder.toString(),
                      Integer.toString(CASES),
                      Long.toString(SEED)))
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
