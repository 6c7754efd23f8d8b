package dev.peft4j.nn;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.peft4j.data.Encodings;
import dev.peft4j.data.Rng;
import java.util.function.Supplier;
import org.junit.jupiter.api.Test;

/** The distributions that torch's layers start from. */
class InitialTest {
  private static final long SEED = 20_260_101;

  @Test
  void linearIsUniformWithinOneByRootIn() {
    Linear m = Rng.with(SEED, () -> new Linear(100, 400));
    uniform(m.weight(), 0.1);
    uniform(m.bias(), 0.1);
  }

  @Test
  void convolutionIsUniformWithinOneByRootOfItsWindow() {
    Conv2d m = Rng.with(SEED, () -> new Conv2d(4, 256, 5));
    uniform(m.weight(), 0.1);
    uniform(m.bias(), 0.1);
  }

  @Test
  void embeddingIsStandardNormal() {
    float[] v = Rng.with(SEED, () -> new Embedding(500, 100)).weight().toFloats();
    assertThat(mean(v)).isCloseTo(0, within(4 / Math.sqrt(v.length)));
    assertThat(variance(v)).isCloseTo(1, within(4 * Math.sqrt(2.0 / v.length)));
    long outside = 0;
    for (float x : v) {
      outside += Math.abs(x) > 1.959964 ? 1 : 0;
    }
    assertThat(outside / (double) v.length).isCloseTo(0.05, within(0.005));
  }

  @Test
  void normsStartAtTheIdentity() {
    LayerNorm m = new LayerNorm(7);
    assertThat(m.stateDict().get("weight").toFloats()).containsOnly(1);
    assertThat(m.stateDict().get("bias").toFloats()).containsOnly(0);
    assertThat(new RmsNorm(7).stateDict().get("weight").toFloats()).containsOnly(1);
  }

  @Test
  void theSameSeedGivesTheSameValues() {
    Supplier<Sequential> model = () -> new Sequential(new Linear(9, 7), new Linear(7, 5));
    Sequential a = Rng.with(3, model);
    Sequential b = Rng.with(3, model);
    Sequential c = Rng.with(4, model);
    a.stateDict()
        .forEach(
            (name, p) -> {
              assertThat(b.stateDict().get(name).toFloats()).isEqualTo(p.toFloats());
              assertThat(c.stateDict().get(name).toFloats()).isNotEqualTo(p.toFloats());
            });
  }

  @Test
  void withoutASeedEveryModelIsAnother() {
    assertThat(new Linear(9, 7).weight().toFloats())
        .isNotEqualTo(new Linear(9, 7).weight().toFloats());
  }

  /** Bounds, mean and variance, and that both ends are reached. */
  private static void uniform(Parameter p, double bound) {
    float[] v = p.toFloats();
    double standardError = bound / Math.sqrt(3 * v.length);
    assertThat(mean(v)).isCloseTo(0, within(4 * standardError));
    assertThat(variance(v))
        .isCloseTo(bound * bound / 3, within(bound * bound * 2 / Math.sqrt(v.length)));
    float least = 0;
    float most = 0;
    for (float x : v) {
      least = Math.min(least, x);
      most = Math.max(most, x);
    }
    assertThat((double) most).isBetween(bound * (1 - 20.0 / v.length), bound);
    assertThat((double) least).isBetween(-bound, -bound * (1 - 20.0 / v.length));
  }

  private static double mean(float[] v) {
    double sum = 0;
    for (float x : v) {
      sum += x;
    }
    return sum / v.length;
  }

  private static double variance(float[] v) {
    double mean = mean(v);
    double sum = 0;
    for (float x : v) {
      sum += (x - mean) * (x - mean);
    }
    return sum / v.length;
  }

  /** What is drawn in 16 bits is what a conversion afterwards gives. */
  @Test
  void drawnInAnEncoding() {
    Linear drawn = Rng.with(3, () -> Initial.held(Encodings.BFLOAT16, () -> new Linear(70, 90)));
    Linear converted = Rng.with(3, () -> new Linear(70, 90));
    assertThat(drawn.weight().own().encoding()).isEqualTo(Encodings.BFLOAT16);
    assertThat(drawn.weight().trainable()).isFalse();
    assertThat(drawn.bias().own().encoding()).isEqualTo(Encodings.FLOAT32);
    converted.weight().to(Encodings.BFLOAT16);
    assertThat(drawn.weight().own().toFloats()).isEqualTo(converted.weight().own().toFloats());
    assertThatThrownBy(() -> Initial.held(Encodings.Q8_0, () -> new Linear(32, 2)))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("Q8_0");
  }
}
