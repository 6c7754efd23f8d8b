package dev.peft4j.data;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

class HalvesTest {

  @ParameterizedTest
  @EnumSource(names = {"FLOAT16", "BFLOAT16"})
  void everyNumberComesBackAsItWas(DType type) {
    for (int bits = 0; bits < 1 << 16; bits++) {
      float value = Halves.toFloat(type, (short) bits);
      short back = Halves.fromFloat(type, value);
      if (Float.isNaN(value)) {
        assertThat(Halves.toFloat(type, back)).isNaN();
      } else {
        assertThat(back).as("%x", bits).isEqualTo((short) bits);
      }
    }
  }

  /** The right-hand sides are torch's. */
  @ParameterizedTest
  @CsvSource({
    "1.00390625, 0x3f80", // half way, to even
    "1.01171875, 0x3f82",
    "1.0039064, 0x3f81",
    "3.4028235e38, 0x7f80", // rounds to infinity
    "1e-45, 0x0000",
    "-2.5, 0xc020",
    "NaN, 0x7fc0"
  })
  void bfloat16IsTheNearestOfTwoOrTheEvenOne(float value, String bits) {
    assertThat(Halves.fromFloat(DType.BFLOAT16, value))
        .isEqualTo(Integer.decode(bits).shortValue());
  }

  @ParameterizedTest
  @EnumSource(names = {"FLOAT16", "BFLOAT16"})
  void noOtherNumberIsNearer(DType type) {
    SplittableRandom random = new SplittableRandom(4);
    for (int i = 0; i < 20_000; i++) {
      float x = (float) ((random.nextDouble() - 0.5) * Math.pow(2, random.nextInt(-14, 15)));
      short bits = Halves.fromFloat(type, x);
      double found = Math.abs(Halves.toFloat(type, bits) - (double) x);
      assertThat(found)
          .isLessThanOrEqualTo(Math.abs(Halves.toFloat(type, (short) (bits + 1)) - (double) x))
          .isLessThanOrEqualTo(Math.abs(Halves.toFloat(type, (short) (bits - 1)) - (double) x));
    }
  }

  @ParameterizedTest
  @EnumSource(names = {"FLOAT16", "BFLOAT16"})
  void aStorageOf16BitNumbersReadsAndWritesFloats(DType type) {
    Storage s = Storage.of(1.5f, -3, 0.1f).copyAs(type);
    assertThat(s.segment().byteSize()).isEqualTo(6);
    float tenth = Halves.toFloat(type, Halves.fromFloat(type, 0.1f));
    assertThat(s.toFloats()).containsExactly(1.5f, -3, tenth);
    assertThat(s.copyAs(DType.FLOAT32).toFloats()).containsExactly(1.5f, -3, tenth);
    assertThat(s.toLongs()).containsExactly(1, -3, 0);
    assertThat(s.toInts()).containsExactly(1, -3, 0);
    int version = s.version();
    s.setFloats(1, new float[] {7, 8});
    s.setFloat(0, -0.25f);
    assertThat(s.version()).isGreaterThan(version);
    assertThat(s.toFloats()).containsExactly(-0.25f, 7, 8);
    assertThat(s.copy().equalBytes(s)).isTrue();
  }

  @Test
  void integersAreNotConverted() {
    Storage ints = Storage.of(new int[] {1, 2});
    assertThatThrownBy(() -> ints.copyAs(DType.BFLOAT16))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("INT32")
        .hasMessageContaining("BFLOAT16");
    assertThatThrownBy(() -> Halves.fromFloat(DType.INT32, 1))
        .hasMessage("INT32 is no 16-bit type; needed FLOAT16 or BFLOAT16");
  }
}
