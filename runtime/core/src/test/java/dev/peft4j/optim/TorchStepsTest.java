package dev.peft4j.optim;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.peft4j.backend.Backend;
import dev.peft4j.backend.Backends;
import dev.peft4j.nn.Parameter;
import dev.peft4j.tensor.Tensor;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.Objects;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** Five steps of each optimizer give the numbers that torch gives. */
class TorchStepsTest {
  /** A run of torch: what each step was given and what it made. */
  record Run(String settings, float[] first, List<float[]> gradients, List<float[]> values) {
    @Override
    public String toString() {
      return settings;
    }
  }

  static List<Arguments> runs() throws IOException {
    String text;
    try (InputStream in =
        Objects.requireNonNull(TorchStepsTest.class.getResourceAsStream("torch_steps.txt"))) {
      text = new String(in.readAllBytes(), StandardCharsets.UTF_8);
    }
    List<Arguments> found = new ArrayList<>();
    Iterator<String> lines =
        text.lines().filter(l -> !l.isBlank() && !l.startsWith("#")).iterator();
    while (lines.hasNext()) {
      Run run = new Run(lines.next(), numbers(lines), new ArrayList<>(), new ArrayList<>());
      for (int i = 0; i < 5; i++) {
        run.gradients.add(numbers(lines));
        run.values.add(numbers(lines));
      }
      for (Backend b : Backends.all()) {
        found.add(Arguments.of(run, b.name()));
      }
    }
    return found;
  }

  private static float[] numbers(Iterator<String> lines) {
    String[] words = lines.next().split(" ");
    float[] v = new float[words.length];
    for (int i = 0; i < v.length; i++) {
      v[i] = Float.parseFloat(words[i]);
    }
    return v;
  }

  @ParameterizedTest(name = "{0} on {1}")
  @MethodSource("runs")
  void asTorch(Run run, String backend) {
    Parameter p = new Parameter(run.first, run.first.length);
    Optimizer optimizer = optimizer(run.settings.split(" "), List.of(p));
    for (int i = 0; i < 5; i++) {
      Tensor g = Tensor.of(run.gradients.get(i));
      p.mul(g).sum().backward(); // the gradient of this is g
      Backends.with(
          Backends.named(backend),
          () -> {
            optimizer.step();
            return null;
          });
      float[] expected = run.values.get(i);
      for (int k = 0; k < expected.length; k++) {
        assertThat(p.toFloats()[k])
            .as("element %d after step %d", k, i + 1)
            .isCloseTo(expected[k], within(2e-7f * Math.max(1, Math.abs(expected[k]))));
      }
    }
    assertThat(optimizer.steps()).isEqualTo(5);
  }

  private static Optimizer optimizer(String[] w, List<Parameter> parameters) {
    float lr = Float.parseFloat(w[1]);
    return switch (w[0]) {
      case "adamw" ->
          AdamW.builder()
              .lr(lr)
              .betas(Double.parseDouble(w[2]), Double.parseDouble(w[3]))
              .eps(Double.parseDouble(w[4]))
              .weightDecay(Double.parseDouble(w[5]))
              .build(parameters);
      case "sgd" -> Sgd.of(parameters, lr, Float.parseFloat(w[2]));
      default -> throw new IllegalArgumentException(w[0]);
    };
  }
}
