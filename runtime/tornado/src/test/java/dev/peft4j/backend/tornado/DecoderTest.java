package dev.peft4j.backend.tornado;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.withPrecision;

import dev.peft4j.backend.Backends;
import dev.peft4j.backend.Profile;
import dev.peft4j.data.Rng;
import dev.peft4j.generate.Generated;
import dev.peft4j.generate.GenerationConfig;
import dev.peft4j.generate.GenerationListener;
import dev.peft4j.generate.GenerationRequest;
import dev.peft4j.generate.Generator;
import dev.peft4j.graph.Node;
import dev.peft4j.nn.NamedParameter;
import dev.peft4j.nn.Parameter;
import dev.peft4j.op.Attention;
import dev.peft4j.op.HeadLoss;
import dev.peft4j.op.RmsNorm;
import dev.peft4j.op.Rotary;
import dev.peft4j.op.WriteRows;
import dev.peft4j.optim.AdamW;
import dev.peft4j.optim.Optimizer;
import dev.peft4j.tensor.Tensor;
import dev.peft4j.transformers.CausalBatch;
import dev.peft4j.transformers.CausalLm;
import dev.peft4j.transformers.NextTokenLoss;
import dev.peft4j.transformers.TokenRow;
import dev.peft4j.transformers.Transformers;
import dev.peft4j.tuner.AdaptedModel;
import dev.peft4j.tuner.AdapterSet;
import dev.peft4j.tuner.PeftModel;
import dev.peft4j.tuner.lora.LoraConfig;
import java.io.IOException;
import java.net.URISyntaxException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/** A small pretrained decoder on the device: its texts, losses and steps are the CPU's. */
class DecoderTest {
  private static final int[] ONCE = {1, 403, 407, 261, 378};
  private static final int[] LONGER = {
    1, 430, 268, 388, 356, 261, 376, 298, 283, 363, 311, 261, 283, 303, 306, 399, 335, 260
  };

  /** The most probable tokens by the adapter of each row. */
  private record Texts(List<int[]> plain, List<int[]> adapted, List<int[]> mixed) {}

  @Test
  void greedyTextsAreTheCpus() {
    Texts cpu = Backends.with(Backends.named("cpu"), DecoderTest::texts);
    Profile profile = new Profile();
    Texts device =
        Backends.with(Backends.named("tornado"), () -> profile.measure(DecoderTest::texts));
    same(device.plain, cpu.plain);
    same(device.adapted, cpu.adapted);
    same(device.mixed, cpu.mixed);
    // what is compared differs by adapter, and goes beyond the cache's first capacity
    assertThat(cpu.adapted.getFirst()).isNotEqualTo(cpu.plain.getFirst());
    assertThat(cpu.mixed.get(0)).isEqualTo(cpu.plain.getFirst());
    assertThat(cpu.mixed.get(1)).isEqualTo(cpu.adapted.getFirst());
    assertThat(cpu.mixed.get(2)).isNotEqualTo(cpu.mixed.get(1));
    assertThat(LONGER.length + cpu.plain.get(1).length).isGreaterThan(64);
    for (Class<?> op : List.of(Attention.class, Rotary.class, WriteRows.class, RmsNorm.class)) {
      assertThat(profile.entries())
          .filteredOn(e -> op.isInstance(e.op()))
          .as(op.getSimpleName())
          .isNotEmpty()
          .allSatisfy(e -> assertThat(e.nanos()).as("device time of " + e.label()).isPositive());
    }
  }

  private static void same(List<int[]> actual, List<int[]> expected) {
    assertThat(actual).hasSameSizeAs(expected);
    for (int i = 0; i < expected.size(); i++) {
      assertThat(actual.get(i)).as("row " + i).containsExactly(expected.get(i));
    }
  }

  private static Texts texts() {
    AdaptedModel<CausalLm> adapted = adapted(model());
    Rng.with(
        new Rng(9),
        () -> {
          adapted.adapters().addMatching("other", lora());
          return null;
        });
    disturb(adapted);
    adapted.eval();
    Generator generator = Generator.of(adapted.model());
    List<int[]> plain =
        adapted.withoutAdapter(() -> run(generator, request(ONCE, null), request(LONGER, null)));
    List<int[]> active = adapted.call(m -> run(generator, request(ONCE, null)));
    Generator byRow = generator.with(adapted.adapters());
    List<int[]> mixed =
        run(
            byRow,
            request(ONCE, AdapterSet.BASE),
            request(ONCE, "default"),
            request(ONCE, "other"));
    return new Texts(plain, active, mixed);
  }

  private static GenerationRequest request(int[] prompt, @Nullable String adapter) {
    GenerationConfig config = GenerationConfig.builder().maxNewTokens(60).build();
    return new GenerationRequest(prompt, config, adapter);
  }

  private static List<int[]> run(Generator generator, GenerationRequest... requests) {
    return generator.run(List.of(requests), GenerationListener.NONE).rows().stream()
        .map(Generated::tokens)
        .toList();
  }

  private static CausalLm model() {
    try {
      Path folder =
          Path.of(Objects.requireNonNull(DecoderTest.class.getResource("/stories260k")).toURI());
      return Transformers.causalLm(folder);
    } catch (IOException | URISyntaxException e) {
      throw new IllegalStateException(e);
    }
  }

  private static LoraConfig lora() {
    return LoraConfig.builder().allLinear().r(2).alpha(4).build();
  }

  private static AdaptedModel<CausalLm> adapted(CausalLm model) {
    return Rng.with(new Rng(8), () -> PeftModel.of(model, lora()));
  }

  /** Adapters begin with a product of 0; here they are to change the texts. */
  private static void disturb(AdaptedModel<CausalLm> adapted) {
    Rng rng = new Rng(21);
    for (NamedParameter p : adapted.namedParameters()) {
      if (p.name().contains("lora_B")) {
        Parameter b = p.parameter();
        b.set(rng.normal(b.shape().size(), 0, 0.15f));
      }
    }
  }

  /** What a few steps give. */
  private record Steps(float[] losses, List<float[]> gradients, List<float[]> values) {}

  @Test
  void stepsOfLoraAreTheCpus() {
    Steps cpu = Backends.with(Backends.named("cpu"), DecoderTest::train);
    Steps device = Backends.with(Backends.named("tornado"), DecoderTest::train);
    assertThat(device.losses).containsExactly(cpu.losses, withPrecision(1e-4f));
    assertThat(cpu.losses[2]).isLessThan(cpu.losses[0]);
    close("gradient", device.gradients, cpu.gradients);
    close("value", device.values, cpu.values);
    // 70 matrices with two moments each: more than one of TornadoVM's own graphs can name
    assertThat(cpu.values).hasSize(70);
  }

  private static void close(String what, List<float[]> actual, List<float[]> expected) {
    assertThat(actual).hasSameSizeAs(expected);
    for (int i = 0; i < expected.size(); i++) {
      float largest = 1e-3f;
      for (float v : expected.get(i)) {
        largest = Math.max(largest, Math.abs(v));
      }
      assertThat(actual.get(i))
          .as(what + " " + i)
          .containsExactly(expected.get(i), withPrecision(1e-4f * largest));
    }
  }

  private static Steps train() {
    CausalLm model = model();
    AdaptedModel<CausalLm> adapted = adapted(model);
    disturb(adapted);
    List<Parameter> trainable = adapted.trainableParameters();
    Optimizer optimizer = AdamW.of(trainable, 1e-2f);
    CausalBatch batch = CausalBatch.of(List.of(TokenRow.of(LONGER), TokenRow.of(ONCE)));
    float[] losses = new float[3];
    List<float[]> gradients = new ArrayList<>();
    for (int i = 0; i < losses.length; i++) {
      Tensor loss = NextTokenLoss.PLAIN.of(model, batch);
      loss.backward();
      if (i == 0) {
        trainable.forEach(p -> gradients.add(Objects.requireNonNull(p.grad()).toFloats()));
      }
      optimizer.step();
      losses[i] = loss.item();
    }
    return new Steps(losses, gradients, trainable.stream().map(p -> p.own().toFloats()).toList());
  }

  @Test
  void theLossInChunksIsTheCpus() {
    List<float[]> cpu = Backends.with(Backends.named("cpu"), DecoderTest::chunked);
    List<float[]> device = Backends.with(Backends.named("tornado"), DecoderTest::chunked);
    close("loss and gradients", device, cpu);
  }

  /** Three chunks of rows: the loss, and the gradients of the rows and of an adapter's product. */
  private static List<float[]> chunked() {
    int rows = 9000;
    int classes = 1000;
    Rng rng = new Rng(5);
    int[] labels = new int[rows];
    for (int i = 0; i < rows; i++) {
      labels[i] = i % 7 == 0 ? -100 : (int) (rng.nextDouble() * classes);
    }
    Parameter hidden = parameter(rng, rows, 8);
    Parameter weight = parameter(rng, classes, 8);
    weight.freeze();
    Parameter low = parameter(rng, rows, 2);
    Parameter b = parameter(rng, classes, 2);
    Node loss =
        HeadLoss.of(
            List.of(
                new HeadLoss.Pair(hidden.node(), weight.node()),
                new HeadLoss.Pair(low.node(), b.node())),
            null,
            Tensor.of(labels).node(),
            HeadLoss.Rule.PLAIN,
            0.5f,
            30);
    Tensor y = Tensor.of(loss);
    y.backward();
    return List.of(
        new float[] {y.item()},
        Objects.requireNonNull(hidden.grad()).toFloats(),
        Objects.requireNonNull(low.grad()).toFloats(),
        Objects.requireNonNull(b.grad()).toFloats());
  }

  private static Parameter parameter(Rng rng, int rows, int columns) {
    return new Parameter(rng.normal(rows * columns, 0, 1), rows, columns);
  }
}
