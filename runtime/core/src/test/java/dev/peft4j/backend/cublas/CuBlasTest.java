package dev.peft4j.backend.cublas;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT;
import static java.lang.foreign.ValueLayout.JAVA_SHORT;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.Random;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** Every order of arguments, by products on the CPU from the very arguments that cuBLAS gets. */
class CuBlasTest {
  private final Arena arena = Arena.ofShared();
  private final FakeCuda fake = new FakeCuda();
  private final CuBlasContext context = new CuBlasContext(fake.blas(), fake.driver(), 77, 99);
  private final Random random = new Random(3);

  @AfterEach
  void freesAll() {
    context.close();
    assertThat(fake.alive()).isEmpty();
    arena.close();
  }

  private static Gemm gemm(int m, int n, int k, int order) {
    return Gemm.of(m, n, k, (order & 1) == 1, (order & 2) == 2, Gemm.Compute.FULL);
  }

  @Test
  void handlesAreOfTheStreamAndItsContext() {
    assertThat(fake.context).isEqualTo(77);
    assertThat(fake.stream).isEqualTo(99);
    assertThat(fake.blas()).hasToString("cuBLAS 13.1.2 (fake)");
  }

  @Test
  void everyOrderOfOperands() {
    for (int order = 0; order < 4; order++) {
      check(gemm(5, 3, 7, order), 1e-6);
      check(gemm(1, 9, 4, order), 1e-6); // thin ones
      check(gemm(9, 1, 2, order), 1e-6);
      check(gemm(4, 8, 1, order), 1e-6);
      check(gemm(64, 8, 33, order), 1e-5);
    }
    assertThat(fake.products).isEqualTo(20);
    assertThat(fake.ltProducts).isZero();
  }

  @Test
  void accumulatesAndAddsBiasAndActivates() {
    for (int order = 0; order < 4; order++) {
      for (Gemm.Activation activation : Gemm.Activation.values()) {
        for (int i = 0; i < 4; i++) {
          check(gemm(5, 3, 7, order).with((i & 1) == 1, (i & 2) == 2, activation), 1e-5);
        }
      }
    }
    // without bias and activation there is nothing for cuBLASLt
    assertThat(fake.products).isEqualTo(4 * 2);
    assertThat(fake.ltProducts).isEqualTo(4 * 10);
  }

  @Test
  void batchesWithStartsAndWideRows() {
    for (int order = 0; order < 4; order++) {
      Gemm g = gemm(3, 4, 5, order);
      Gemm.Place a = new Gemm.Place(2, 11, 60);
      Gemm.Place b = new Gemm.Place(4, 13, 0); // one for all
      Gemm.Place c = new Gemm.Place(6, 17, 70);
      check(g.at(a, b, c, 3), 1e-6);
      check(g.at(a, b, c, 3).with(true, false, Gemm.Activation.NONE), 1e-6);
      check(g.at(a, b, c, 3).with(true, true, Gemm.Activation.RELU), 1e-6);
    }
  }

  @Test
  void precisionsRoundTheOperands() {
    Gemm full = gemm(8, 8, 32, 2);
    assertThat(check(full, 1e-5)).isLessThan(1e-5);
    Gemm tf32 = Gemm.of(8, 8, 32, false, true, Gemm.Compute.TF32);
    assertThat(check(tf32, 2e-2)).isBetween(1e-5, 2e-2);
    Gemm bf16 = Gemm.of(8, 8, 32, false, true, Gemm.Compute.BF16);
    assertThat(check(bf16, 2e-1)).isBetween(1e-3, 2e-1);
    assertThat(fake.computes).containsExactly(68L, 75L, 77L);
  }

  @Test
  void weightsOfSixteenBitsAreReadAsTheyLie() {
    for (Gemm.Type type : new Gemm.Type[] {Gemm.Type.BFLOAT16, Gemm.Type.FLOAT16}) {
      for (int order = 0; order < 4; order++) {
        Gemm g = gemm(4, 6, 5, order).of(type);
        check(g, 1e-5);
        check(g.with(false, true, Gemm.Activation.NONE), 1e-5);
      }
    }
  }

  @Test
  void anAlgorithmIsChosenOncePerShape() {
    Gemm g = gemm(5, 3, 7, 2).with(false, true, Gemm.Activation.NONE);
    context.prepare(g);
    for (int i = 0; i < 3; i++) {
      check(g, 1e-6);
      context.prepare(g);
    }
    assertThat(fake.choices).isEqualTo(1);
    check(gemm(6, 3, 7, 2).with(false, true, Gemm.Activation.NONE), 1e-6);
    assertThat(fake.choices).isEqualTo(2);
  }

  @Test
  void errorsNameTheCall() {
    fake.hasAlgorithms = false;
    assertThatThrownBy(
            () -> context.prepare(gemm(5, 3, 7, 2).with(false, true, Gemm.Activation.NONE)))
        .isInstanceOf(CudaException.class)
        .hasMessageContaining("no algorithm for Gemm[m=5, n=3, k=7");
    fake.hasAlgorithms = true;
    assertThatThrownBy(
            () ->
                gemm(5, 3, 7, 0)
                    .at(
                        new Gemm.Place(0, 6, 0),
                        new Gemm.Place(0, 3, 0),
                        new Gemm.Place(0, 3, 0),
                        1))
        .hasMessageContaining("rows of a are 6 elements apart, their width is 7");
    assertThatThrownBy(() -> gemm(0, 3, 7, 0)).hasMessageContaining("sizes 0, 3, 7");
  }

  @Test
  void aDeviceWithoutMemoryIsSaid() {
    FakeCuda full = new FakeCuda();
    full.free = 1 << 20;
    assertThat(full.driver().freeMemory(5)).isEqualTo(1 << 20);
    assertThat(full.context).isEqualTo(5);
    assertThatThrownBy(() -> new CuBlasContext(full.blas(), full.driver(), 1, 2))
        .isInstanceOf(CudaException.class)
        .hasMessageContaining("33554432 bytes")
        .hasMessageContaining("out of memory");
  }

  @Test
  void aLibraryWithoutOneOfTheFunctionsIsNone() {
    assertThat(CuBlas.of("fake", fake.symbols("cublasGemmStridedBatchedEx"), fake.symbols()))
        .isEmpty();
    assertThat(CuBlas.of("fake", fake.symbols(), fake.symbols("cublasLtMatmul"))).isEmpty();
    assertThat(CudaDriver.of(fake.symbols("cuMemAlloc_v2"))).isEmpty();
  }

  /** Multiplies, and returns the largest difference from sums of doubles. */
  private double check(Gemm g, double tolerance) {
    boolean half = g.operands() != Gemm.Type.FLOAT32;
    MemorySegment a = numbers(g.a(), g.transposeA() ? g.k() : g.m(), g.count(), g.operands());
    MemorySegment b = numbers(g.b(), g.transposeB() ? g.n() : g.k(), g.count(), g.operands());
    MemorySegment c = numbers(g.c(), g.m(), g.count(), Gemm.Type.FLOAT32);
    float[] before = c.toArray(JAVA_FLOAT);
    MemorySegment bias = arena.allocate(4L * g.n());
    for (int j = 0; j < g.n(); j++) {
      bias.setAtIndex(JAVA_FLOAT, j, (float) random.nextGaussian());
    }
    context.multiply(g, a.address(), b.address(), c.address(), g.bias() ? bias.address() : 0);
    double worst = 0;
    boolean[] written = new boolean[before.length];
    for (int z = 0; z < g.count(); z++) {
      for (int i = 0; i < g.m(); i++) {
        for (int j = 0; j < g.n(); j++) {
          int at = index(g.c(), z, i, j);
          double sum = g.accumulate() ? before[at] : 0;
          for (int l = 0; l < g.k(); l++) {
            int x = g.transposeA() ? index(g.a(), z, l, i) : index(g.a(), z, i, l);
            int y = g.transposeB() ? index(g.b(), z, j, l) : index(g.b(), z, l, j);
            sum += (double) read(a, g, x) * read(b, g, y);
          }
          sum += g.bias() ? bias.getAtIndex(JAVA_FLOAT, j) : 0;
          sum =
              switch (g.activation()) {
                case NONE -> sum;
                case RELU -> Math.max(0, sum);
                case GELU ->
                    sum
                        * 0.5
                        * (1
                            + Math.tanh(
                                Math.sqrt(2 / Math.PI) * (sum + 0.044715 * sum * sum * sum)));
              };
          written[at] = true;
          double found = c.getAtIndex(JAVA_FLOAT, at);
          assertThat(found)
              .as("%s: matrix %s, row %s, column %s, half %s", g, z, i, j, half)
              .isCloseTo(sum, within(tolerance));
          worst = Math.max(worst, Math.abs(found - sum));
        }
      }
    }
    for (int i = 0; i < written.length; i++) {
      if (!written[i]) {
        assertThat(c.getAtIndex(JAVA_FLOAT, i)).as("%s: beside c at %s", g, i).isEqualTo(before[i]);
      }
    }
    return worst;
  }

  private static int index(Gemm.Place p, int matrix, int row, int column) {
    return (int) (p.start() + matrix * p.step() + (long) row * p.row() + column);
  }

  private static float read(MemorySegment s, Gemm g, int i) {
    return switch (g.operands()) {
      case FLOAT32 -> s.getAtIndex(JAVA_FLOAT, i);
      case BFLOAT16 -> Float.intBitsToFloat(s.getAtIndex(JAVA_SHORT, i) << 16);
      case FLOAT16 -> Float.float16ToFloat(s.getAtIndex(JAVA_SHORT, i));
    };
  }

  private MemorySegment numbers(Gemm.Place p, int rows, int count, Gemm.Type type) {
    int n = index(p, count - 1, rows, 0);
    MemorySegment s = arena.allocate((long) n * type.bytes, 16);
    for (int i = 0; i < n; i++) {
      float x = (float) random.nextGaussian();
      switch (type) {
        case FLOAT32 -> s.setAtIndex(JAVA_FLOAT, i, x);
        case BFLOAT16 -> s.setAtIndex(JAVA_SHORT, i, (short) (Float.floatToRawIntBits(x) >> 16));
        case FLOAT16 -> s.setAtIndex(JAVA_SHORT, i, Float.floatToFloat16(x));
      }
    }
    return s;
  }
}
