package dev.peft4j.backend.tornado.codes;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.peft4j.backend.tornado.kernel.OnDevice;
import dev.peft4j.backend.tornado.product.DeviceCodes;
import dev.peft4j.backend.tornado.product.ProductShape;
import dev.peft4j.data.Encoding;
import dev.peft4j.data.Encodings;
import dev.peft4j.data.Storage;
import java.lang.foreign.MemorySegment;
import java.util.List;
import java.util.Objects;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;
import uk.ac.manchester.tornado.api.types.arrays.IntArray;
import uk.ac.manchester.tornado.api.types.arrays.ShortArray;

/** What the device decodes of encodings in blocks, bit for bit what the encodings decode. */
class BlockCodesTest {
  static Stream<Encoding> encodings() {
    return Stream.of(Encodings.Q8_0, Encodings.NF4);
  }

  @ParameterizedTest
  @MethodSource("encodings")
  void numbersAreTheEncodings(Encoding encoding) {
    int rows = 7;
    int n = 2 * encoding.blockValues();
    float[] values = new float[rows * n];
    Random random = new Random(2);
    float[] sizes = {1, 1e-7f, 3e5f, 0, 2e-3f, 700, 1e-30f};
    for (int i = 0; i < values.length; i++) {
      values[i] = (float) random.nextGaussian() * sizes[i / n];
    }
    Storage coded = Storage.of(values).copyAs(encoding);
    float[] expected = coded.toFloats();
    ShortArray codes = new ShortArray((int) coded.bytes() / 2);
    MemorySegment.copy(coded.segment(), 0, codes.getSegment(), 0, coded.bytes());
    DeviceCodes device = Objects.requireNonNull(DeviceCodes.of(encoding));
    FloatArray all = new FloatArray(values.length);
    FloatArray some = new FloatArray(2 * n);
    OnDevice.run(
        List.of(
            device.decode(codes, all, values.length),
            device.gather(codes, IntArray.fromElements(5, 2), some, 2, n)),
        all,
        some);
    assertThat(all.toHeapArray()).containsExactly(expected);
    ProductShape product = ProductShape.of(3, rows, n, false, true);
    FloatArray a = OnDevice.normal(random, 3 * n);
    FloatArray bias = OnDevice.normal(random, rows);
    FloatArray c = new FloatArray(3 * rows);
    OnDevice.run(List.of(Objects.requireNonNull(device.multiply(product, a, codes, bias, c))), c);
    for (int i = 0; i < c.getSize(); i++) {
      double sum = bias.get(i % rows);
      double size = Math.abs(sum);
      for (int p = 0; p < n; p++) {
        double term = a.get(i / rows * n + p) * (double) expected[i % rows * n + p];
        sum += term;
        size += Math.abs(term);
      }
      assertThat((double) c.get(i)).isCloseTo(sum, within(1e-6 * size));
    }
    ProductShape many = ProductShape.of(DeviceCodes.FEW + 1, rows, n, false, true);
    assertThat(device.multiply(many, a, codes, bias, c)).isNull();
    for (int i = 0; i < n; i++) {
      assertThat((float) some.get(i)).isEqualTo(expected[5 * n + i]);
      assertThat((float) some.get(n + i)).isEqualTo(expected[2 * n + i]);
    }
  }
}
