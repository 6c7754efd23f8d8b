package dev.peft4j.data;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The bits of {@code x.mean()} in PyTorch 2.13 on one thread. */
class CascadeSumTest {
  @ParameterizedTest
  @CsvSource({
    "1, 0",
    "5, 3ec3f038",
    "8, 3f050bcc",
    "31, 3f03ee1e",
    "32, 3f040fa8",
    "64, 3f016a24",
    "172, 3f00cbe5",
    "1000, 3f001752",
    "3000, 3f000542",
    "13824, 3f0002a5",
    "20000, 3efffa0c",
    "32767, 3efffb27"
  })
  void meansHaveTheBitsOfPyTorch(int n, String bits) {
    float[] x = new float[n];
    for (int i = 0; i < n; i++) {
      x[i] = i * 7919L % 10_007 / 10_007f;
    }
    assertThat(Float.floatToIntBits(DynamicMap.mean(x))).isEqualTo(Integer.parseInt(bits, 16));
  }
}
