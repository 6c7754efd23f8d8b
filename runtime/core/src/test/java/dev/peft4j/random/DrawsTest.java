package dev.peft4j.random;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.peft4j.data.Rng;
import java.io.IOException;
import java.util.Arrays;
import java.util.stream.IntStream;
import java.util.stream.LongStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Draws against those of torch 2.13 and NumPy, which {@code random/draws.json} holds. */
class DrawsTest {
  private JsonNode draws;

  @BeforeEach
  void read() throws IOException {
    draws = new ObjectMapper().readTree(getClass().getResource("/random/draws.json"));
  }

  private double[] stored(String name) {
    return draws.path(name).valueStream().mapToDouble(JsonNode::asDouble).toArray();
  }

  private static double[] doubles(float[]... parts) {
    return Stream.of(parts)
        .flatMapToDouble(p -> IntStream.range(0, p.length).mapToDouble(i -> p[i]))
        .toArray();
  }

  private static double[] doubles(int... values) {
    return Arrays.stream(values).asDoubleStream().toArray();
  }

  private static double[] doubles(long... values) {
    return LongStream.of(values).asDoubleStream().toArray();
  }

  private void assertSame(String name, double[] found) {
    assertThat(found).as(name).isEqualTo(stored(name));
  }

  private void assertClose(String name, double[] found, double tolerance) {
    double[] expected = stored(name);
    assertThat(found).as(name).hasSameSizeAs(expected);
    for (int i = 0; i < expected.length; i++) {
      assertThat(found[i]).as("%s[%d]", name, i).isCloseTo(expected[i], within(tolerance));
    }
  }

  @Test
  void uniformNumbersAreTorchs() {
    TorchGenerator g = new TorchGenerator(7);
    assertSame("uniform", doubles(g.uniform(5, -0.5, 2), g.uniform(3)));
    assertSame("uniformBFloat16", doubles(new TorchGenerator(7).uniformBFloat16(6, -0.3, 0.3)));
    float[] many = new TorchGenerator(0).uniformBFloat16(600, -0.5, 0.5);
    assertSame("uniformBFloat16End", doubles(new float[] {many[337], many[385], many[530]}));
    assertSame("uniformDoubles", new TorchGenerator(7).uniformDoubles(4, -1, 3));
    assertSame("wideSeed", doubles(new TorchGenerator(0xffffffffffffL).uniform(2)));
    assertSame("unseeded", doubles(new TorchGenerator().uniform(3)));
    assertSame("kaimingUniform", doubles(new TorchGenerator(11).kaimingUniform(12, 6)));
  }

  @Test
  void normalNumbersAreTorchs() {
    TorchGenerator g = new TorchGenerator(3);
    assertClose("normalFew", doubles(g.normal(5, 0.5, 2), g.normal(3, 0, 1)), 3e-7);
    assertClose("normalMany", doubles(new TorchGenerator(3).normal(37, 0, 1)), 5e-7);
    assertClose("normalSixteen", doubles(new TorchGenerator(3).normal(16, 1, 0.1)), 3e-7);
    assertClose("normalDoubles", new TorchGenerator(3).normalDoubles(19, 0, 1), 1e-14);
  }

  @Test
  void wholeNumbersAreTorchs() {
    assertSame("permutation", doubles(new TorchGenerator(11).permutation(20)));
    assertThat(new TorchGenerator(11).permutation(20, 6))
        .isEqualTo(Arrays.copyOf(new TorchGenerator(11).permutation(20), 6));
    assertSame("integers", doubles(new TorchGenerator(11).integers(6, -3, 50)));
    assertSame("integersMiddle", doubles(new TorchGenerator(11).integers(4, 0, 3_000_000_000L)));
    assertSame("integersWide", doubles(new TorchGenerator(11).integers(4, 0, 1_000_000_000_000L)));
    TorchGenerator g = new TorchGenerator(11);
    assertThat(g.uniform(3)).hasSize(3);
    assertSame("permutationAfter", doubles(g.permutation(7)));
    assertThatThrownBy(() -> g.integers(1, 2, 2)).hasMessageContaining("[2, 2)");
  }

  @Test
  void choicesAndShufflesAreNumpys() {
    NumpyGenerator g = new NumpyGenerator(42);
    assertSame("numpyChoice", doubles(g.choice(37, 11)));
    assertSame("numpyShuffle", doubles(shuffled(g, 12)));
    assertSame("numpyWideSeed", doubles(new NumpyGenerator((1L << 33) + 5).choice(5, 5)));
    int[] many = new NumpyGenerator(1).choice(20_000, 600);
    assertSame("numpyManyHead", doubles(Arrays.copyOf(many, 6)));
    assertSame("numpyManySum", doubles(Arrays.stream(many).sum()));
    assertSame(
        "numpyLongHead", doubles(Arrays.copyOf(shuffled(new NumpyGenerator(9), 100_000), 6)));
    assertThatThrownBy(() -> g.choice(3, 4)).hasMessageContaining("4 of 3");
    assertThatThrownBy(() -> new NumpyGenerator(-1)).hasMessageContaining("-1");
  }

  private static int[] shuffled(NumpyGenerator g, int n) {
    int[] values = IntStream.range(0, n).toArray();
    g.shuffle(values);
    return values;
  }

  @Test
  void theOlderGeneratorIsNumpys() {
    NumpyRandomState s = new NumpyRandomState(123456789);
    assertSame("stateChoice", doubles(s.choice(9, 5)));
    assertSame("stateUniform", new double[] {s.nextDouble(), s.nextDouble(), s.nextDouble()});
    assertThatThrownBy(() -> s.choice(3, 4)).hasMessageContaining("4 of 3");
  }

  @Test
  void noiseComesFromASourceWithinItsScope() {
    Rng rng = new Rng(1);
    assertThat(Noise.normal(rng, 3)).isEqualTo(new Rng(1).normal(3, 0, 1));
    assertThat(Noise.with(n -> new float[] {4, 5}, () -> Noise.normal(rng, 2)))
        .containsExactly(4, 5);
    assertThatThrownBy(() -> Noise.with(n -> new float[1], () -> Noise.uniform(rng, 2)))
        .isInstanceOf(IllegalStateException.class)
        .hasMessageContaining("gave 1 numbers, a layer needs 2");
  }
}
