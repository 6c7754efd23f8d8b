package dev.peft4j.nn;

import static org.assertj.core.api.Assertions.assertThat;

import dev.peft4j.data.Rng;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Large weights are drawn by several threads, but are what one would draw. */
class DrawnByThreadsTest {
  private static final int BEFORE = 3;

  private static Rng after(int draws) {
    Rng rng = new Rng(5);
    rng.uniform(draws, 0, 1);
    return rng;
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 2, 7, 4095, 4096, 4097, 70_000, 262_143, 262_144, 300_001})
  void normal(int n) {
    Rng expected = after(BEFORE);
    Rng rng = after(BEFORE);
    assertThat(Initial.normal(rng, 0.5f, n).own().toFloats())
        .isEqualTo(expected.normal(n, 0, 0.5f));
    assertThat(rng.position()).isEqualTo(expected.position());
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 4097, 262_143, 300_001})
  void uniform(int n) {
    Rng expected = after(BEFORE);
    Rng rng = after(BEFORE);
    assertThat(Initial.kaimingUniform(rng, n, 1).own().toFloats())
        .isEqualTo(expected.uniform(n, -1, 1));
    assertThat(rng.position()).isEqualTo(expected.position());
  }

  /** The sequence of a seed is part of what a saved run depends on. */
  @ParameterizedTest
  @ValueSource(longs = {0, 1, -7})
  void aSeedsSequenceIsThatOfItsSingleDraws(long seed) {
    Rng one = new Rng(seed);
    float[] drawn = new Rng(seed).uniform(5, 0, 1);
    for (float x : drawn) {
      assertThat(x).isEqualTo((float) one.nextDouble());
    }
  }
}
