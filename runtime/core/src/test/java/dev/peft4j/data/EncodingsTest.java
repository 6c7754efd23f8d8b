package dev.peft4j.data;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.lang.foreign.ValueLayout;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.function.Function;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;

/** What every encoding that is found fulfils, and what the 16-bit ones are. */
class EncodingsTest {
  static List<Encoding> all() {
    return Encodings.all();
  }

  static List<Encoding> floats() {
    return all().stream().filter(e -> !e.dtype().isInteger()).toList();
  }

  static List<Encoding> blocks() {
    return all().stream().filter(e -> e.blockValues() > 1 && !e.crossesRows()).toList();
  }

  static List<Encoding> crossing() {
    return RandomCodes.encodings().stream().filter(Encoding::crossesRows).toList();
  }

  static List<Encoding> halves() {
    return List.of(Encodings.FLOAT16, Encodings.BFLOAT16);
  }

  private static float[] normal(int n) {
    return new Rng(n).normal(n, 0, 1);
  }

  @Test
  void thoseOfTheLibraryAreFound() {
    assertThat(all())
        .contains(
            Encodings.FLOAT32,
            Encodings.FLOAT16,
            Encodings.BFLOAT16,
            Encodings.INT32,
            Encodings.INT64);
    for (DType type : DType.values()) {
      assertThat(type.encoding().isPlain()).isTrue();
      assertThat(type.encoding().dtype()).isEqualTo(type);
      assertThat(type.encoding().blockBytes()).isEqualTo(type.bytes());
    }
  }

  @Test
  void eachHasNamesOfItsOwn() {
    List<Function<Encoding, Object>> names =
        List.of(Encoding::name, Encoding::safetensorsName, Encoding::ggufName, Encoding::ggufType);
    for (Function<Encoding, Object> name : names) {
      Set<Object> seen = new HashSet<>();
      for (Encoding e : all()) {
        Object n = name.apply(e);
        if (n != null && !n.equals(-1)) {
          assertThat(seen.add(n)).as("%s of %s", n, e).isTrue();
        }
      }
    }
    for (Encoding e : all()) {
      assertThat(Encodings.named(e.name())).isEqualTo(e).hasToString(e.name());
      assertThat(Encodings.named(e.name().toLowerCase(java.util.Locale.ROOT))).isEqualTo(e);
      assertThat(e.ggufType() >= 0).isEqualTo(e.ggufName() != null);
      if (e.safetensorsName() != null) {
        assertThat(Encodings.ofSafetensors(e.safetensorsName())).isEqualTo(e);
      }
      if (e.ggufType() >= 0) {
        assertThat(Encodings.ofGguf(e.ggufType())).isEqualTo(e);
      }
    }
    assertThatThrownBy(() -> Encodings.named("Q9"))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("'Q9'")
        .hasMessageContaining("BFLOAT16");
  }

  @ParameterizedTest
  @MethodSource("all")
  void aBlockIsOfOneOrMoreValuesAndBytes(Encoding e) {
    assertThat(e.blockValues()).isPositive();
    assertThat(e.blockBytes()).isPositive();
    assertThat(e.hasBlocks()).isEqualTo(e.blockValues() > 1 || e instanceof Int8Rows);
    Storage s = Storage.allocate(e, 3L * e.blockValues());
    assertThat(s.bytes()).isEqualTo(3L * e.blockBytes()).isEqualTo(s.segment().byteSize());
    assertThat(s.encoding()).isEqualTo(e);
    assertThat(s.dtype()).isEqualTo(e.dtype());
    float[] zeros = s.toFloats();
    assertThat(zeros).hasSize(3 * e.blockValues());
    for (float zero : zeros) {
      assertThat(zero == 0).isTrue(); // of either sign
    }
    assertThat(Storage.wrap(s.segment(), e).elements()).isEqualTo(s.elements());
  }

  @ParameterizedTest
  @MethodSource("floats")
  void whatIsDecodedIsEncodedToTheSameNumbers(Encoding e) {
    if (!e.encodes()) {
      assertThatThrownBy(() -> Storage.of(normal(e.blockValues())).copyAs(e))
          .isInstanceOf(UnsupportedOperationException.class)
          .hasMessageContaining(e.name());
      return;
    }
    Storage codes = RandomCodes.of(e, 50 * e.blockValues());
    Storage floats = codes.copyAs(Encodings.FLOAT32);
    assertThat(floats.toFloats()).isEqualTo(codes.toFloats());
    assertThat(floats.copyAs(e).toFloats()).isEqualTo(codes.toFloats());
    assertThat(codes.copy().equalBytes(codes)).isTrue();
    for (int i = 0; i < codes.elements(); i += 7) {
      assertThat(codes.floatAt(i)).isEqualTo(floats.floatAt(i));
    }
    double error = 0;
    double size = 0;
    float[] x = normal(50 * e.blockValues());
    for (int i = 0; i < x.length; i++) {
      error += Math.pow(x[i] - codes.floatAt(i), 2);
      size += Math.pow(x[i], 2);
    }
    assertThat(Math.sqrt(error / size)).isLessThan(0.2); // the coarsest that people use
  }

  @ParameterizedTest
  @MethodSource("floats")
  void aStorageReadsAndWritesFloats(Encoding e) {
    int block = e.blockValues();
    Storage s = Storage.allocate(e, 3L * block);
    float[] x = normal(block);
    if (!e.encodes()) {
      assertThatThrownBy(() -> s.setFloats(0, x))
          .isInstanceOf(UnsupportedOperationException.class)
          .hasMessageContaining(e.name());
      return;
    }
    int version = s.version();
    s.setFloats(block, x);
    assertThat(s.version()).isGreaterThan(version);
    float[] expected = new float[3 * block];
    System.arraycopy(Storage.of(x).copyAs(e).toFloats(), 0, expected, block, block);
    assertThat(abs0(s.toFloats())).isEqualTo(abs0(expected));
    assertThat(s.toLongs()[0]).isZero();
    assertThat(s.toInts()).hasSize(3 * block);
    for (Encoding other : floats()) {
      if (s.elements() % other.blockValues() == 0 && other.encodes()) {
        assertThat(s.copyAs(other).toFloats())
            .isEqualTo(s.copyAs(Encodings.FLOAT32).copyAs(other).toFloats());
      }
    }
  }

  /** With zeros of one sign. */
  private static float[] abs0(float[] x) {
    for (int i = 0; i < x.length; i++) {
      x[i] += 0f;
    }
    return x;
  }

  @ParameterizedTest
  @MethodSource("crossing")
  void theLastBlockMayBeShort(Encoding e) {
    for (int n : new int[] {1, 31, 64, 65, 127, 64 * 256, 64 * 257 + 7}) {
      float[] x = normal(n);
      Storage s = Storage.of(x).copyAs(e);
      assertThat(s.elements()).isEqualTo(n);
      assertThat(s.segment().byteSize()).isGreaterThanOrEqualTo(s.bytes());
      float[] all = s.toFloats();
      double error = 0;
      double size = 0;
      for (int i = 0; i < n; i++) {
        error += Math.pow(x[i] - all[i], 2);
        size += Math.pow(x[i], 2);
        if (i % 97 == 0) {
          assertThat(s.floatAt(i)).isEqualTo(all[i]);
        }
      }
      assertThat(Math.sqrt(error / size)).isLessThan(0.2);
      assertThat(s.copy().toFloats()).isEqualTo(all);
      assertThat(e.fits(Shape.of(n, 3))).isTrue();
      Storage wrapped = Storage.wrap(s.segment().asSlice(0, s.bytes()), e, n);
      assertThat(wrapped.toFloats()).isEqualTo(all);
    }
    assertThatThrownBy(() -> Storage.of(1, Float.NaN).copyAs(e))
        .isInstanceOf(NonFiniteException.class)
        .hasMessageContaining(e.name());
  }

  @ParameterizedTest
  @MethodSource("blocks")
  void anyPartIsDecoded(Encoding e) {
    int n = 5 * e.blockValues();
    Storage s = RandomCodes.of(e, n);
    float[] all = s.toFloats();
    for (int first : new int[] {0, 1, e.blockValues() - 1, e.blockValues(), n - 1}) {
      for (int count : new int[] {1, e.blockValues(), 2 * e.blockValues() + 3}) {
        if (first + count <= n) {
          float[] part = new float[count];
          e.decodeValues(
              s.segment(), 0, first, count, java.lang.foreign.MemorySegment.ofArray(part), 0);
          assertThat(part).isEqualTo(java.util.Arrays.copyOfRange(all, first, first + count));
        }
      }
    }
  }

  @Test
  void aRowIsABlockOfInt8() {
    Shape shape = Shape.of(3, 40);
    Encoding rows = new Int8Rows().forShape(shape);
    assertThat(rows).isEqualTo(new Int8Rows(40)).isNotEqualTo(new Int8Rows());
    assertThat(rows.fits(shape)).isTrue();
    float[] x = normal(120);
    x[7] = 100;
    float[] y = Storage.of(x).copyAs(rows).toFloats();
    for (int i = 0; i < x.length; i++) {
      float most = i < 40 ? 100 : 4;
      assertThat(y[i]).isCloseTo(x[i], org.assertj.core.api.Assertions.within(most / 250));
    }
    assertThatThrownBy(() -> Storage.of(new float[] {1e5f}).copyAs(new Int8Rows(1)))
        .isInstanceOf(NonFiniteException.class)
        .hasMessageContaining("65504");
  }

  @ParameterizedTest
  @MethodSource("blocks")
  void aPartOfABlockIsRefused(Encoding e) {
    String sizes = "blocks of " + e.blockValues() + " values";
    assertThatThrownBy(() -> Storage.allocate(e, e.blockValues() + 1L))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining(e.name())
        .hasMessageContaining(sizes)
        .hasMessageContaining("found " + (e.blockValues() + 1));
    assertThatThrownBy(() -> Storage.of(normal(e.blockValues() - 1)).copyAs(e))
        .hasMessageContaining(sizes);
    Storage s = Storage.allocate(e, e.blockValues());
    assertThatThrownBy(() -> s.setFloat(1, 0)).hasMessageContaining(sizes);
    assertThatThrownBy(() -> Storage.wrap(s.segment().asSlice(1), e))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("a multiple of " + e.blockBytes() + " bytes");
    Shape odd = Shape.of(e.blockValues(), e.blockValues() - 1);
    assertThat(e.fits(odd)).isFalse();
    assertThat(e.fits(Shape.of(3, 2 * e.blockValues()))).isTrue();
    assertThatThrownBy(() -> e.requireFit("'w'", odd))
        .isInstanceOf(ShapeException.class)
        .hasMessage(
            "'w' of shape "
                + odd
                + " cannot be held as "
                + e
                + ": its rows have to be a multiple of "
                + e.blockValues()
                + " values long");
  }

  // ---- 16 bits

  private static float decoded(Encoding e, short bits) {
    Storage s = Storage.allocate(e, 1);
    s.segment().set(ValueLayout.JAVA_SHORT_UNALIGNED, 0, bits);
    return s.floatAt(0);
  }

  private static short encoded(Encoding e, float value) {
    return Storage.of(value).copyAs(e).segment().get(ValueLayout.JAVA_SHORT_UNALIGNED, 0);
  }

  @ParameterizedTest
  @MethodSource("halves")
  void every16BitNumberComesBackAsItWas(Encoding e) {
    for (int bits = 0; bits < 1 << 16; bits++) {
      float value = decoded(e, (short) bits);
      short back = encoded(e, value);
      if (Float.isNaN(value)) {
        assertThat(decoded(e, back)).isNaN();
      } else if (back != (short) bits) {
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
    assertThat(encoded(Encodings.BFLOAT16, value)).isEqualTo(Integer.decode(bits).shortValue());
  }

  @ParameterizedTest
  @MethodSource("halves")
  void noOther16BitNumberIsNearer(Encoding e) {
    SplittableRandom random = new SplittableRandom(4);
    for (int i = 0; i < 20_000; i++) {
      float x = (float) ((random.nextDouble() - 0.5) * Math.pow(2, random.nextInt(-14, 15)));
      short bits = encoded(e, x);
      double found = Math.abs(decoded(e, bits) - (double) x);
      assertThat(found)
          .isLessThanOrEqualTo(Math.abs(decoded(e, (short) (bits + 1)) - (double) x))
          .isLessThanOrEqualTo(Math.abs(decoded(e, (short) (bits - 1)) - (double) x));
    }
  }

  @ParameterizedTest
  @MethodSource("halves")
  void aStorageOf16BitNumbersReadsAndWritesFloats(Encoding e) {
    Storage s = Storage.of(1.5f, -3, 0.1f).copyAs(e);
    assertThat(s.segment().byteSize()).isEqualTo(6);
    float tenth = decoded(e, encoded(e, 0.1f));
    assertThat(s.toFloats()).containsExactly(1.5f, -3, tenth);
    assertThat(s.copyAs(Encodings.FLOAT32).toFloats()).containsExactly(1.5f, -3, tenth);
    assertThat(s.toLongs()).containsExactly(1, -3, 0);
    assertThat(s.toInts()).containsExactly(1, -3, 0);
    s.setFloats(1, new float[] {7, 8});
    s.setFloat(0, -0.25f);
    assertThat(s.toFloats()).containsExactly(-0.25f, 7, 8);
  }

  @Test
  void integersAreNotConverted() {
    Storage ints = Storage.of(new int[] {1, 2});
    assertThatThrownBy(() -> ints.copyAs(Encodings.BFLOAT16))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("INT32")
        .hasMessageContaining("BFLOAT16");
    assertThat(Storage.of(new long[] {1L << 24, -3}).toFloats()).containsExactly(1 << 24, -3);
  }
}
