package dev.peft4j.backend.cpu;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.peft4j.backend.cpu.HeadProducts.Kind;
import dev.peft4j.data.DType;
import dev.peft4j.data.Rng;
import dev.peft4j.data.Storage;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.ref.Reference;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** The two ways to compute the products of attention give the same. */
class HeadProductsTest {
  private final Rng rng = new Rng(3);

  private Storage filled(int n) {
    return Storage.of(rng.normal(n, 0, 1));
  }

  @ParameterizedTest
  @EnumSource(Kind.class)
  void oneDnnAsOpenBlas(Kind kind) {
    assumeTrue(OneDnn.available(), "there is no oneDNN for this platform");
    for (int round = 0; round < 40; round++) {
      int heads = 1 + (int) (rng.nextDouble() * 5);
      int count = 1 + (int) (rng.nextDouble() * 40);
      int keys = 1 + (int) (rng.nextDouble() * 40);
      int d = 1 + (int) (rng.nextDouble() * 33);
      int row = heads * d;
      boolean add = round % 2 == 1;
      HeadProducts.Layout layout = new HeadProducts.Layout(d, row, row, 0.5f, round % 3 == 0);
      int size = heads * Math.max(count * keys, Math.max(count, keys) * d);
      Storage a = filled(size);
      Storage b = filled(size);
      Storage start = filled(size);
      Storage mask = filled(keys);
      long m = mask.address();
      Storage expected = start.copy();
      Storage actual = start.copy();
      new BlasHeads(layout)
          .run(kind, heads, count, keys, add, a.address(), b.address(), m, expected.address());
      new DnnHeads(layout)
          .run(kind, heads, count, keys, add, a.address(), b.address(), m, actual.address());
      Reference.reachabilityFence(a);
      Reference.reachabilityFence(b);
      Reference.reachabilityFence(mask);
      String what = kind + " " + heads + " heads, " + count + " queries, " + layout;
      for (int i = 0; i < size; i++) {
        assertThat(actual.floatAt(i)).as(what).isCloseTo(expected.floatAt(i), within(1e-4f));
      }
    }
  }

  @Test
  void softmaxOfABlockAsRowByRow() {
    assumeTrue(OneDnn.available(), "there is no oneDNN for this platform");
    Loops loops = Loops.best();
    for (int round = 0; round < 40; round++) {
      int rows = 1 + (int) (rng.nextDouble() * 40);
      int size = 1 + (int) (rng.nextDouble() * 150);
      Storage scores = filled(rows * size);
      Storage gradient = filled(rows * size);
      Storage expected = scores.copy();
      Storage expectedGradient = gradient.copy();
      for (int r = 0; r < rows; r++) {
        long row = 4L * r * size;
        long y = expected.address() + row;
        long dy = expectedGradient.address() + row;
        loops.softmaxRow(y, y, size);
        loops.softmaxGradRow(y, dy, dy, size);
      }
      DnnSoftmax softmax = new DnnSoftmax(size);
      softmax.forward(rows, scores.address());
      softmax.gradient(rows, scores.address(), gradient.address());
      for (int i = 0; i < rows * size; i++) {
        assertThat(scores.floatAt(i)).isCloseTo(expected.floatAt(i), within(1e-6f));
        assertThat(gradient.floatAt(i)).isCloseTo(expectedGradient.floatAt(i), within(1e-5f));
      }
    }
  }

  @Test
  void softmaxKeepsNaN() {
    assumeTrue(OneDnn.available(), "there is no oneDNN for this platform");
    for (int size : new int[] {1, 7, 64, 100}) {
      Storage rows = filled(2 * size);
      rows.setFloat(size / 2, Float.NaN);
      for (int i = size; i < 2 * size; i++) {
        rows.setFloat(i, Float.NEGATIVE_INFINITY);
      }
      new DnnSoftmax(size).forward(2, rows.address());
      assertThat(rows.floatAt(size / 2)).isNaN();
      assertThat(rows.floatAt(size)).isNaN();
    }
  }

  @Test
  void largeBlocksAreZeroAndWritable() {
    try (Arena arena = Arena.ofConfined()) {
      for (long bytes : new long[] {1, 5000, 600_000, 9_000_001}) {
        MemorySegment block = HugePages.allocate(arena, bytes);
        assertThat(block.byteSize()).isGreaterThanOrEqualTo(bytes);
        assertThat(block.address() % 4096).isZero();
        assertThat(block.get(ValueLayout.JAVA_BYTE, bytes - 1)).isZero();
        block.fill((byte) 1);
      }
    }
    assertThat(Storage.allocate(DType.FLOAT32, 1).floatAt(0)).isZero();
  }
}
