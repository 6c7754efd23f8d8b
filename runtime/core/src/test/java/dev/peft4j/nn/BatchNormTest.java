package dev.peft4j.nn;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.peft4j.data.Rng;
import dev.peft4j.data.ShapeException;
import dev.peft4j.optim.Sgd;
import dev.peft4j.tensor.Tensor;
import dev.peft4j.tuner.AdaptedModel;
import dev.peft4j.tuner.PeftModel;
import dev.peft4j.tuner.lora.LoraConfig;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HashMap;
import java.util.Map;
import java.util.function.Supplier;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** Against torch 2's numbers (batchnorm.txt), and what adapters make of running statistics. */
class BatchNormTest {
  private static final Map<String, double[]> TORCH = torch();

  @TempDir Path folder;

  private static Map<String, double[]> torch() {
    try (var in = BatchNormTest.class.getResourceAsStream("/nn/batchnorm.txt")) {
      Map<String, double[]> found = new HashMap<>();
      for (String line : new String(in.readAllBytes(), StandardCharsets.UTF_8).split("\n")) {
        String[] parts = line.split(" ");
        found.put(
            parts[0], Arrays.stream(parts).skip(1).mapToDouble(Double::parseDouble).toArray());
      }
      return found;
    } catch (IOException e) {
      throw new AssertionError(e);
    }
  }

  static Stream<Arguments> cases() {
    Supplier<BatchNorm> plain = () -> new BatchNorm2d(3);
    return Stream.of(
        Arguments.of("plain2d", plain, new int[] {2, 3, 2, 2}),
        Arguments.of(
            "momentum2d",
            (Supplier<BatchNorm>) () -> new BatchNorm2d(3, 1e-3f, 0.3f),
            new int[] {2, 3, 2, 2}),
        Arguments.of(
            "cumulative2d",
            (Supplier<BatchNorm>) () -> new BatchNorm2d(3, 1e-5f, null),
            new int[] {2, 3, 2, 2}),
        Arguments.of(
            "noaffine1d",
            (Supplier<BatchNorm>) () -> new BatchNorm1d(3, 1e-5f, 0.1f, false, true),
            new int[] {4, 3}),
        Arguments.of(
            "plain1d3", (Supplier<BatchNorm>) () -> new BatchNorm1d(3), new int[] {2, 3, 5}),
        Arguments.of(
            "untracked1d",
            (Supplier<BatchNorm>) () -> new BatchNorm1d(3, 1e-5f, 0.1f, true, false),
            new int[] {4, 3}));
  }

  private static void same(Tensor ours, String name) {
    float[] values = ours.toFloats();
    double[] theirs = TORCH.get(name);
    assertThat(values).as(name).hasSize(theirs.length);
    for (int i = 0; i < theirs.length; i++) {
      assertThat((double) values[i])
          .as(name + " " + i)
          .isCloseTo(theirs[i], within(3e-5 * Math.max(1, Math.abs(theirs[i]))));
    }
  }

  private static Tensor input(int[] shape, java.util.function.DoubleUnaryOperator f) {
    int n = Arrays.stream(shape).reduce(1, (a, b) -> a * b);
    float[] x = new float[n];
    for (int i = 0; i < n; i++) {
      x[i] = (float) f.applyAsDouble(i);
    }
    return Tensor.of(x, shape);
  }

  @ParameterizedTest
  @MethodSource("cases")
  void isTorchs(String name, Supplier<BatchNorm> make, int[] shape) {
    BatchNorm bn = make.get();
    Map<String, ModuleTensor> state = bn.stateDict();
    if (state.containsKey("weight")) {
      state.get("weight").set(1.5f, -0.5f, 2);
      state.get("bias").set(0.1f, 0.2f, -0.3f);
    }
    Tensor cos = input(shape, Math::cos);
    for (int i = 0; i < 3; i++) {
      int step = i;
      Parameter x =
          new Parameter(
              input(shape, k -> Math.sin(k * (0.37 + 0.11 * step)) * 2 + 0.5 * step).storage(),
              cos.shape());
      Tensor y = bn.forward(x);
      y.square().mul(cos).sum().backward();
      same(y, name + ".y" + i);
      same(x.grad(), name + ".dx" + i);
    }
    if (state.containsKey("weight")) {
      same(((Parameter) state.get("weight")).grad(), name + ".dw");
      same(((Parameter) state.get("bias")).grad(), name + ".db");
    }
    if (state.containsKey("running_mean")) {
      same(state.get("running_mean"), name + ".mean");
      same(state.get("running_var"), name + ".var");
      assertThat(state.get("num_batches_tracked").toLongs()).containsExactly(3);
    } else {
      assertThat(state).containsOnlyKeys("weight", "bias");
    }
    bn.eval();
    same(bn.forward(input(shape, k -> Math.cos(k * 0.9f))), name + ".eval");
  }

  /** A convolution, a norm, and a linear layer on it. */
  static final class Net extends Module {
    final Conv2d conv = new Conv2d(1, 4, 3);
    final BatchNorm2d norm = new BatchNorm2d(4);
    final Linear out = new Linear(4, 2);

    Tensor forward(Tensor x) {
      return out.forward(norm.forward(conv.forward(x)).relu().mean(2, 3));
    }
  }

  private static Tensor images(long seed) {
    return Tensor.randn(new Rng(seed), 5, 1, 6, 6);
  }

  @Test
  void statisticsMoveWithTheStepAndAreSaved() {
    Net net = Rng.with(1, Net::new);
    Net eager = Rng.with(1, Net::new);
    Sgd sgd = Sgd.of(net.trainableParameters(), 0.1f);
    Sgd other = Sgd.of(eager.trainableParameters(), 0.1f);
    for (int i = 0; i < 4; i++) {
      net.forward(images(i)).square().mean().backward();
      sgd.step();
      Tensor loss = eager.forward(images(i)).square().mean();
      eager.stateDict().get("norm.running_mean").toFloats(); // read before the step
      loss.backward();
      other.step();
    }
    net.stateDict()
        .forEach(
            (name, t) ->
                assertThat(t.own().equalBytes(eager.stateDict().get(name).own()))
                    .as(name)
                    .isTrue());
    assertThat(net.stateDict().get("norm.num_batches_tracked").toLongs()).containsExactly(4);
    net.save(folder.resolve("net.safetensors"));
    Net again = new Net();
    again.load(folder.resolve("net.safetensors"));
    net.eval();
    again.eval();
    assertThat(again.forward(images(9)).toFloats()).isEqualTo(net.forward(images(9)).toFloats());
    assertThat(net.namedBuffers().stream().map(NamedBuffer::name))
        .containsExactly("norm.running_mean", "norm.running_var", "norm.num_batches_tracked");
  }

  @Test
  void aFrozenBaseKeepsItsStatistics() {
    Net net = Rng.with(1, Net::new);
    AdaptedModel<Net> model =
        PeftModel.of(net, LoraConfig.builder().targets("conv", "out").r(2).build());
    Sgd sgd = Sgd.of(model.trainableParameters(), 0.1f);
    model.train();
    model.call(n -> n.forward(images(1))).square().mean().backward();
    sgd.step();
    assertThat(net.stateDict().get("norm.running_mean").toFloats()).containsOnly(0);
    assertThat(net.stateDict().get("norm.num_batches_tracked").toLongs()).containsExactly(0);
  }

  @Test
  void aNormToSaveHasStatisticsOfItsOwnAsInPeft() {
    Net net = Rng.with(1, Net::new);
    LoraConfig config =
        LoraConfig.builder().targets("conv", "out").modulesToSave("norm").r(2).build();
    AdaptedModel<Net> model = PeftModel.of(net, config);
    Sgd sgd = Sgd.of(model.trainableParameters(), 0.1f);
    model.train();
    for (int i = 0; i < 3; i++) {
      Tensor x = images(i);
      model.call(n -> n.forward(x)).square().mean().backward();
      sgd.step();
    }
    model.eval();
    assertThat(net.norm.stateDict().get("running_mean").own().toFloats()).containsOnly(0);
    float[] y = model.call(n -> n.forward(images(9))).toFloats();
    model.save(folder);
    assertThat(dev.peft4j.io.WeightsFile.shapes(read(folder.resolve("adapter_model.safetensors"))))
        .containsKeys(
            "base_model.model.norm.running_mean", "base_model.model.norm.num_batches_tracked");
    AdaptedModel<Net> loaded = PeftModel.load(Rng.with(1, Net::new), folder);
    assertThat(loaded.call(n -> n.forward(images(9))).toFloats()).isEqualTo(y);
    model.saveMerged(folder.resolve("merged.safetensors"));
    Net merged = new Net();
    merged.load(folder.resolve("merged.safetensors"));
    merged.eval();
    assertThat(merged.forward(images(9)).toFloats()).containsExactly(y, within(1e-5f));
    model.mergeAndUnload();
    assertThat(net.stateDict().get("norm.num_batches_tracked").toLongs()).containsExactly(3);
  }

  @Test
  void whatPeftSavedOfANormIsLoaded() throws Exception {
    Path saved = Path.of(BatchNormTest.class.getResource("/nn/peft-batchnorm").toURI());
    AdaptedModel<Net> model = PeftModel.load(new Net(), saved); // its statistics were trained once
    Buffer count =
        model.namedBuffers().stream()
            .filter(
                b ->
                    b.name()
                        .equals(
                            "base_model.model.norm.modules_to_save.default.num_batches_tracked"))
            .findFirst()
            .orElseThrow()
            .buffer();
    assertThat(count.toLongs()).containsExactly(1);
    model.save(folder);
    Path file = Path.of("adapter_model.safetensors");
    assertThat(folder.resolve(file)).hasSameBinaryContentAs(saved.resolve(file));
  }

  private static java.util.SequencedMap<String, dev.peft4j.io.StoredTensor> read(Path file) {
    try {
      return dev.peft4j.io.WeightsFile.read(file);
    } catch (IOException e) {
      throw new AssertionError(e);
    }
  }

  @Test
  void whatHasNoVarianceIsRefused() {
    assertThatThrownBy(() -> new BatchNorm1d(3).forward(Tensor.ones(1, 3)))
        .isInstanceOf(ShapeException.class)
        .hasMessageContaining("(1, 3)")
        .hasMessageContaining("at least 2");
    assertThatThrownBy(() -> new BatchNorm2d(3).forward(Tensor.ones(2, 4, 2, 2)))
        .isInstanceOf(ShapeException.class)
        .hasMessageContaining("needed (batch, 3, height, width)");
    BatchNorm1d poisoned = new BatchNorm1d(1);
    poisoned.forward(Tensor.of(new float[] {1, Float.NaN}, 2, 1)).toFloats();
    assertThat(poisoned.stateDict().get("running_mean").toFloats()).containsExactly(0);
  }
}
