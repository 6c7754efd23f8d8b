package dev.peft4j.data;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.peft4j.io.SafeTensors;
import dev.peft4j.nn.Linear;
import java.io.IOException;
import java.lang.foreign.ValueLayout;
import java.nio.file.Path;
import java.util.Objects;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Q8_0 against the Python package gguf 0.19.0, which is bit-exact with ggml: blocks of its files
 * with what they decode to, and numbers with what they are encoded to.
 */
class Q8_0Test {
  private static final Encoding Q8_0 = new Q8_0();
  private static SafeTensors golden;

  @BeforeAll
  static void open() throws Exception {
    golden =
        SafeTensors.open(
            Path.of(
                Objects.requireNonNull(Q8_0Test.class.getResource("q8_0.safetensors")).toURI()));
  }

  private static Storage codes(String name) throws IOException {
    int[] bytes = golden.storage(name + ".codes").toInts();
    Storage s = Storage.allocate(Q8_0, bytes.length / 34L * 32);
    for (int i = 0; i < bytes.length; i++) {
      s.segment().set(ValueLayout.JAVA_BYTE, i, (byte) bytes[i]);
    }
    return s;
  }

  @Test
  void itsBlockAndNames() {
    assertThat(Q8_0.blockValues()).isEqualTo(32);
    assertThat(Q8_0.blockBytes()).isEqualTo(34);
    assertThat(Encodings.named("q8_0")).isEqualTo(Q8_0);
    assertThat(Encodings.ofGguf(8)).isEqualTo(Q8_0);
    assertThat(Q8_0.safetensorsName()).isNull();
  }

  @ParameterizedTest
  @ValueSource(strings = {"row", "matrix", "cube", "extremes", "quantized", "python"})
  void blocksOfGgufAreDecodedToItsBits(String name) throws IOException {
    float[] expected = golden.storage(name).toFloats();
    float[] found = codes(name).toFloats();
    assertThat(found).hasSameSizeAs(expected);
    for (int i = 0; i < found.length; i++) {
      if (!Float.isNaN(expected[i]) || !Float.isNaN(found[i])) {
        assertThat(Float.floatToRawIntBits(found[i]))
            .as("%s[%s]: %s, expected %s", name, i, found[i], expected[i])
            .isEqualTo(Float.floatToRawIntBits(expected[i]));
      }
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"quantized", "python"})
  void numbersAreEncodedToTheBytesOfGguf(String name) throws IOException {
    Storage source = golden.storage(name + ".source");
    assertThat(source.copyAs(Q8_0).segment().toArray(ValueLayout.JAVA_BYTE))
        .isEqualTo(codes(name).segment().toArray(ValueLayout.JAVA_BYTE));
  }

  @ParameterizedTest
  @ValueSource(floats = {Float.NaN, Float.POSITIVE_INFINITY, Float.NEGATIVE_INFINITY, -8.4e6f})
  void whatHasNoScaleIsRefused(float value) {
    float[] x = new float[64];
    x[40] = value;
    assertThatThrownBy(() -> Storage.of(x).copyAs(Q8_0))
        .isInstanceOf(NonFiniteException.class)
        .hasMessage(value + " cannot be held as Q8_0, whose values are numbers up to 8319008");
    Linear layer = new Linear(32, 2);
    layer.weight().set(x);
    layer.weight().variable().rename("layer.weight");
    assertThatThrownBy(() -> layer.to(Q8_0))
        .isInstanceOf(NonFiniteException.class)
        .hasMessageStartingWith("'layer.weight': " + value + " cannot be held");
    assertThat(layer.weight().own().encoding()).isEqualTo(Encodings.FLOAT32);
  }

  @Test
  void theLargestAndTheSmallestValuesAreHeld() {
    float[] x = new float[32];
    x[3] = 8319008;
    x[4] = -8319008;
    assertThat(Storage.of(x).copyAs(Q8_0).toFloats()).isEqualTo(x);
    x[3] = Float.MIN_VALUE;
    x[4] = -Float.MIN_NORMAL;
    for (float f : Storage.of(x).copyAs(Q8_0).toFloats()) {
      assertThat(f == 0).isTrue();
    }
  }
}
