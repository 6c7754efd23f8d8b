package dev.peft4j.data;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.peft4j.io.SafeTensors;
import java.io.IOException;
import java.net.URISyntaxException;
import java.nio.file.Path;
import java.util.Objects;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Codes, maxima and decoded numbers of bitsandbytes 0.50. */
class BitsandbytesTest {
  private static SafeTensors file() throws IOException {
    try {
      return SafeTensors.open(
          Path.of(
              Objects.requireNonNull(
                      BitsandbytesTest.class.getResource("/gguf/bitsandbytes.safetensors"))
                  .toURI()));
    } catch (URISyntaxException e) {
      throw new IllegalStateException(e);
    }
  }

  private static byte[] bytes(SafeTensors io, String name) throws IOException {
    int[] x = io.storage(name).toInts();
    byte[] out = new byte[x.length];
    for (int i = 0; i < x.length; i++) {
      out[i] = (byte) x[i];
    }
    return out;
  }

  private static float[] unsignedZeros(float[] x) {
    for (int i = 0; i < x.length; i++) {
      x[i] += 0f;
    }
    return x;
  }

  @ParameterizedTest
  @CsvSource({
    "bnb-nf4, f32.7x33", "bnb-nf4, bf16.7x33", "bnb-nf4, edge.full", "bnb-nf4, edge.short",
    "bnb-nf4, edge.short_zero", "bnb-fp4, f32.7x33", "bnb-fp4, bf16.7x33", "bnb-fp4, edge.full",
    "bnb-fp4, edge.short", "bnb-fp4, edge.short_zero"
  })
  void fourBitsAreThoseOfBitsandbytes(String kind, String name) throws IOException {
    SafeTensors io = file();
    String n = kind + "." + name;
    FourBitBlocks encoding = kind.equals("bnb-fp4") ? new Fp4() : new Nf4();
    Storage held = io.storage(n + ".source").copyAs(encoding);
    assertThat(encoding.codes(held)).isEqualTo(bytes(io, n + ".codes"));
    assertThat(encoding.maxima(held)).isEqualTo(io.storage(n + ".absmax").toFloats());
    assertThat(unsignedZeros(held.toFloats()))
        .isEqualTo(unsignedZeros(io.storage(n + ".decoded").toFloats()));
    Storage parts = encoding.of(bytes(io, n + ".codes"), encoding.maxima(held), held.elements());
    assertThat(parts.equalBytes(held)).isTrue();
  }

  @ParameterizedTest
  @CsvSource({"f32.7x33", "bf16.7x33"})
  void maximaOfBlocksMayBeCodesToo(String name) throws IOException {
    SafeTensors io = file();
    String n = "bnb-nf4-128-double." + name;
    Nf4 once = new Nf4(128, false);
    float[] maxima = once.maxima(io.storage(n + ".source").copyAs(once));
    float mean = io.storage(n + ".offset").floatAt(0);
    byte[] codes = new byte[maxima.length];
    float[] outer = DynamicMap.encode(maxima, mean, 256, codes);
    assertThat(codes).isEqualTo(bytes(io, n + ".absmax"));
    assertThat(outer).isEqualTo(io.storage(n + ".nested_absmax").toFloats());
    Nf4 twice = new Nf4(128, true);
    Storage held = twice.of(bytes(io, n + ".codes"), codes, outer, mean, 7 * 33);
    assertThat(twice.maxima(held)).isEqualTo(io.storage(n + ".absmax_decoded").toFloats());
    assertThat(held.toFloats()).isEqualTo(io.storage(n + ".decoded").toFloats());
    assertThat(held.bytes()).isEqualTo(2 * 65 + 8);
    assertThatThrownBy(() -> twice.of(bytes(io, n + ".codes"), maxima, 7 * 33))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("quantized maxima");
    assertThatThrownBy(() -> twice.of(bytes(io, n + ".codes"), codes, new float[2], mean, 231))
        .hasMessageContaining("outer ones, found 2");
  }

  @Test
  void blocksHaveSizesThatBitsandbytesKnows() {
    assertThatThrownBy(() -> new Nf4(48, false))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("found 48");
    assertThat(new Nf4(128, true).name()).isEqualTo("NF4_128_DOUBLE");
    assertThat(new Nf4(64, false)).isEqualTo(new Nf4());
    // 4.127 bits a value: less than a third of bfloat16
    assertThat(new Nf4(64, true).bytes(1 << 20) * 8.0 / (1 << 20)).isBetween(4.12, 4.13);
  }

  @ParameterizedTest
  @CsvSource({"f32.7x33", "f16.7x33", "edge.ties"})
  void int8IsThatOfBitsandbytes(String name) throws IOException {
    SafeTensors io = file();
    String n = "bnb-int8." + name;
    Shape shape = io.info(n + ".source").shape();
    Encoding rows = new Int8Rows().forShape(shape);
    Storage held = io.storage(n + ".source").copyAs(rows);
    assertThat(held.toFloats()).isEqualTo(io.storage(n + ".decoded").toFloats());
    int[] codes = io.storage(n + ".codes").toInts();
    for (int i = 0; i < codes.length; i++) {
      int at = i / shape.dim(1) * (shape.dim(1) + 4) + 4 + i % shape.dim(1);
      byte code = held.segment().get(java.lang.foreign.ValueLayout.JAVA_BYTE, at);
      assertThat(code).isEqualTo((byte) codes[i]);
    }
  }
}
