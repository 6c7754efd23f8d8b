package dev.peft4j.tuner;

import static org.assertj.core.api.Assertions.assertThat;

import dev.peft4j.annotation.Bias;
import dev.peft4j.annotation.Init;
import dev.peft4j.data.Rng;
import dev.peft4j.data.Storage;
import dev.peft4j.io.SafeTensors;
import dev.peft4j.io.StoredTensor;
import dev.peft4j.nn.Conv1d;
import dev.peft4j.nn.Conv2d;
import dev.peft4j.nn.Embedding;
import dev.peft4j.nn.Linear;
import dev.peft4j.nn.Module;
import dev.peft4j.nn.NamedParameter;
import dev.peft4j.nn.TransposedLinear;
import dev.peft4j.tensor.Tensor;
import dev.peft4j.tuner.lora.LoraConfig;
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
import java.util.function.UnaryOperator;
import java.util.stream.Stream;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * {@link PeftInteropTest} over LoRA's variants and every type of layer. Needs a Python with peft:
 * the one that the environment variable PEFT4J_PYTHON names, else {@code python3} on the path;
 * skipped without.
 */
class VariantsInteropTest {
  private static final int CASES = 64;

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

  /** A model of a case, and its forward pass. */
  private record Subject(Module module, UnaryOperator<Tensor> forward) {
    static Subject of(long number) {
      if (number % 2 == 0) {
        Nets.Mlp mlp = Nets.mlp(number);
        return new Subject(mlp, mlp::forward);
      }
      Zoo zoo = Rng.with(number, Zoo::new);
      return new Subject(zoo, zoo::forward);
    }
  }

  /** One layer of each type. */
  private static final class Zoo extends Module {
    final Embedding embed = new Embedding(12, 6);
    final Linear proj = new Linear(6, 6);
    final TransposedLinear turned = new TransposedLinear(6, 8);
    final Conv1d conv = new Conv1d(8, 5, 3, 1, 1);
    final Conv2d pic = new Conv2d(1, 3, 3, 2, 1);
    final Linear head = new Linear(3, 4);

    Tensor forward(Tensor ids) {
      Tensor x = turned.forward(proj.forward(embed.forward(ids)).tanh()).transpose(1, 2);
      x = conv.forward(x).relu();
      x = pic.forward(x.reshape(x.dim(0), 1, x.dim(1), x.dim(2))).gelu();
      return head.forward(x.mean(2, 3));
    }
  }

  private static void saveHere(Path c, long seed) throws IOException {
    Subject base = Subject.of(seed);
    boolean mlp = base.module instanceof Nets.Mlp;
    LoraConfig config = mlp ? config(new Random(seed)) : zooConfig(new Random(seed));
    AdaptedModel<Module> model = Rng.with(seed, () -> PeftModel.of(base.module, config));
    Nets.disturb(model, seed + 100);
    Tensor x = mlp ? Nets.input(seed, 5, 16) : ids(seed);
    base.module.eval();
    Map<String, StoredTensor> io = new LinkedHashMap<>();
    base.module
        .stateDict()
        .forEach((name, p) -> io.put("base." + name, new StoredTensor(p.shape(), p.own())));
    io.put("x", new StoredTensor(x.shape(), x.storage()));
    Tensor y = base.forward.apply(x);
    io.put("output", new StoredTensor(y.shape(), y.storage()));
    model.save(c.resolve("adapter"));
    SafeTensors.write(c.resolve("io.safetensors"), io);
    Files.write(
        c.resolve("names.txt"),
        model.namedParameters().stream().map(NamedParameter::name).toList());
  }

  private static Tensor ids(long seed) {
    Random r = new Random(seed);
    return Tensor.of(r.longs(20, 0, 12).toArray(), 5, 4);
  }

  /** One of LoRA's variants; peft's OLoRA cannot initialise a transposed layer. */
  private static void variant(
      LoraConfig.Builder b, Random r, boolean linear, boolean olora, boolean bias) {
    Init[] plain = {Init.DEFAULT, Init.RANDOM, Init.GAUSSIAN};
    int choice = r.nextInt(6);
    if (choice == 0) {
      b.dora(true).init(plain[r.nextInt(3)]);
    } else if (choice == 1 && bias) {
      b.loraBias(true).init(plain[r.nextInt(2)]);
    } else if (choice == 2 && linear) {
      b.init(r.nextBoolean() && olora ? Init.OLORA : Init.PISSA).dora(r.nextInt(3) == 0);
    } else if (choice == 3 && linear) {
      b.init(Init.ORTHOGONAL).r(2 + 2 * r.nextInt(3));
    } else {
      b.init(plain[r.nextInt(3)]);
    }
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
    b.bias(Bias.values()[r.nextInt(3)]);
    if (r.nextBoolean()) {
      b.rankPattern("fc2", 4).alphaPattern("fc2|fc1", 5.5);
    }
    if (r.nextBoolean()) {
      b.taskType("FEATURE_EXTRACTION");
    }
    variant(b, r, true, true, true);
    return b.build();
  }

  private static LoraConfig zooConfig(Random r) {
    LoraConfig.Builder b = LoraConfig.builder();
    int targets = r.nextInt(6);
    switch (targets) {
      case 0 -> b.targets("embed", "proj");
      case 1 -> b.targets("turned");
      case 2 -> b.targets("proj", "turned", "head");
      case 3 -> b.targets("conv", "pic");
      case 4 -> b.targetRegex("conv|pic|head|turned");
      default -> b.allLinear();
    }
    b.r(1 + r.nextInt(5)).alpha(r.nextBoolean() ? 1 + r.nextInt(16) : 0.25 + r.nextInt(9));
    b.rslora(r.nextBoolean()).bias(Bias.values()[r.nextInt(3)]);
    if (r.nextBoolean()) {
      b.rankPattern("pic", 4).rankPattern("turned", 2);
    }
    if (targets != 0 && r.nextBoolean()) {
      b.trainableTokens("embed", 0, 3, 11);
    }
    variant(b, r, targets == 1 || targets == 2 || targets == 5, false, targets != 0);
    return b.build();
  }

  private static void loadHere(Path c) throws IOException {
    SafeTensors io = SafeTensors.open(c.resolve("io.safetensors"));
    String number = c.getFileName().toString();
    Subject base = Subject.of(Long.parseLong(number.substring(number.indexOf('-') + 1)));
    Map<String, Storage> weights = new LinkedHashMap<>();
    for (String name : io.names()) {
      if (name.startsWith("base.")) {
        weights.put(name.substring(5), io.storage(name));
      }
    }
    base.module.load(weights);
    AdaptedModel<Module> model = PeftModel.load(base.module, c.resolve("adapter"));
    base.module.eval();
    Tensor x = Tensor.of(io.storage("x"), io.info("x").shape());
    String what =
        "saved by peft, " + c + " " + Files.readString(c.resolve("adapter/adapter_config.json"));
    compare(what, base.forward.apply(x).storage(), io.storage("output"));
    assertThat(model.namedParameters().stream().map(NamedParameter::name))
        .containsExactlyElementsOf(Files.readAllLines(c.resolve("params.txt")));
    model.mergeAndUnload();
    compare("merged, " + what, base.forward.apply(x).storage(), io.storage("output"));
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
    Path script = folder.resolve("variants.py");
    try (InputStream in =
        Objects.requireNonNull(VariantsInteropTest.class.getResourceAsStream("variants.py"))) {
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
