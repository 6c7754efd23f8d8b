package dev.peft4j.backend.tornado.op;

import static org.assertj.core.api.Assertions.assertThat;

import dev.peft4j.backend.tornado.kernel.OnDevice;
import dev.peft4j.data.Encodings;
import dev.peft4j.data.Storage;
import java.lang.foreign.ValueLayout;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;

/** Numbers are rounded on the device as the host's encoding rounds them. */
class RoundingKernelsTest {
  @Test
  void toBFloat16AsTheEncoding() {
    float[] special = {
      0,
      -0f,
      1,
      -1,
      1.00390625f,
      1.01171875f,
      Float.MIN_VALUE,
      3.4e38f,
      -3.4e38f,
      65504,
      1e-38f,
      Float.POSITIVE_INFINITY,
      Float.NEGATIVE_INFINITY
    };
    float[] x = new float[1001]; // an odd number of them
    Random random = new Random(4);
    for (int i = 0; i < x.length; i++) {
      x[i] =
          i < special.length
              ? special[i]
              : (float) (random.nextGaussian() * Math.pow(10, random.nextInt(60) - 30));
    }
    FloatArray y = new FloatArray((x.length + 1) / 2);
    FloatArray nan = new FloatArray(1);
    OnDevice.run(
        List.of(
            RoundingKernels.toBFloat16(FloatArray.fromArray(x), y, x.length),
            RoundingKernels.toBFloat16(OnDevice.array(1, Float.NaN), nan, 2)),
        y,
        nan);
    for (int i = 0; i < x.length; i++) {
      short bits = y.getSegment().getAtIndex(ValueLayout.JAVA_SHORT_UNALIGNED, i);
      Storage expected = Storage.of(x[i]).copyAs(Encodings.BFLOAT16);
      assertThat(bits)
          .as("number %s: %s", i, x[i])
          .isEqualTo(expected.segment().get(ValueLayout.JAVA_SHORT_UNALIGNED, 0));
    }
    short bits = nan.getSegment().getAtIndex(ValueLayout.JAVA_SHORT_UNALIGNED, 1);
    assertThat(Float.intBitsToFloat(bits << 16)).isNaN();
  }
}
