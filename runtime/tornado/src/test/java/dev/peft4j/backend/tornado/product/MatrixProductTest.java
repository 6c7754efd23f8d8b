package dev.peft4j.backend.tornado.product;

import static org.assertj.core.api.Assertions.assertThat;

import dev.peft4j.backend.Strides;
import dev.peft4j.backend.cublas.Gemm;
import dev.peft4j.backend.tornado.kernel.KernelCall;
import dev.peft4j.backend.tornado.kernel.OnDevice;
import dev.peft4j.backend.tornado.library.CuBlasOnOpenCl;
import dev.peft4j.data.Encoding;
import dev.peft4j.data.Encodings;
import dev.peft4j.data.Shape;
import dev.peft4j.data.Storage;
import dev.peft4j.op.MatMul;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import uk.ac.manchester.tornado.api.enums.TornadoDeviceType;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;
import uk.ac.manchester.tornado.api.types.arrays.ShortArray;

/** Products on the device, by the kernels for CPUs and by those for GPUs, against plain loops. */
class MatrixProductTest {
  /** What there are different kernels for. */
  enum Products {
    CPU,
    GPU,
    /** When there are so many kernels that none is made for certain sizes any more. */
    CPU_WITHOUT_FIXED_SIZES,
    /** cuBLAS, whose calls are computed on the CPU between the device's kernels. */
    CUBLAS;

    MatrixProduct get() {
      if (this == CUBLAS) {
        CuBlasOnOpenCl.register();
        return new LibraryProduct(Gemm.Compute.FULL);
      }
      return this == CPU_WITHOUT_FIXED_SIZES
          ? new VectorProduct(false)
          : MatrixProduct.forDevice(TornadoDeviceType.valueOf(name()));
    }
  }

  private record Variant(boolean frozen, boolean bias, boolean accumulate) {}

  private static final Variant PLAIN = new Variant(false, false, false);
  private static final Variant FROZEN = new Variant(true, false, false);

  @ParameterizedTest
  @EnumSource
  void everyOrderOfOperands(Products products) {
    for (int order = 0; order < 4; order++) {
      boolean ta = (order & 1) == 1;
      boolean tb = (order & 2) == 2;
      check(products, ProductShape.of(6, 21, 9, ta, tb), PLAIN);
      check(products, ProductShape.of(35, 33, 18, ta, tb), tb ? PLAIN : FROZEN);
    }
  }

  @ParameterizedTest
  @EnumSource
  void oddAndThinSizes(Products products) {
    int[][] sizes = {
      {1, 1, 1}, {1, 17, 5}, {7, 1, 3}, {3, 5, 1}, {2, 100, 31}, {5, 8, 130}, {67, 3, 2}, {8, 97, 7}
    };
    for (int i = 0; i < sizes.length; i++) {
      int[] s = sizes[i];
      check(products, ProductShape.of(s[0], s[1], s[2], i % 2 == 1, i % 3 == 1), PLAIN);
    }
  }

  @ParameterizedTest
  @EnumSource
  void batches(Products products) {
    int[][][] batches = {
      {{3}, {3}}, {{2, 3}, {2, 3}}, {{3}, {1}}, {{}, {3}}, {{2, 1}, {1, 3}}, {{2, 1, 2}, {3, 1}}
    };
    for (int i = 0; i < batches.length; i++) {
      boolean ta = i % 2 == 1;
      boolean tb = i % 3 == 1;
      int m = 1 + i;
      int[] a = ta ? new int[] {5, m} : new int[] {m, 5};
      int[] b = tb ? new int[] {19, 5} : new int[] {5, 19};
      Shape shapeA = Shape.of(concat(batches[i][0], a));
      Shape shapeB = Shape.of(concat(batches[i][1], b));
      ProductShape shape = ProductShape.of(new MatMul(ta, tb), shapeA, shapeB);
      check(products, shape, i % 2 == 0 ? FROZEN : PLAIN);
    }
  }

  @Test
  void fourAlternatingBatchDimensions() {
    Shape a = Shape.of(2, 1, 2, 1, 3, 4);
    Shape b = Shape.of(1, 2, 1, 2, 4, 5);
    for (Products products : Products.values()) {
      check(products, ProductShape.of(new MatMul(false, false), a, b), PLAIN);
    }
  }

  @ParameterizedTest
  @EnumSource
  void biasAndAccumulation(Products products) {
    check(products, ProductShape.of(3, 35, 19, false, true), new Variant(true, true, false));
    check(products, ProductShape.of(6, 7, 19, false, true), new Variant(false, false, true));
    check(products, ProductShape.of(5, 18, 4, true, false), new Variant(false, true, true));
  }

  @ParameterizedTest
  @EnumSource
  void oneBufferMayBeBothOperands(Products products) {
    ProductShape s = ProductShape.of(7, 7, 23, false, true);
    FloatArray x = OnDevice.normal(new Random(5), s.sizeA());
    FloatArray c = new FloatArray(s.sizeC());
    OnDevice.run(List.of(products.get().multiply(s, x, x, false, null, c, false)), c);
    compare(s, x, x, PLAIN, null, new float[s.sizeC()], c);
  }

  @ParameterizedTest
  @EnumSource
  void sixteenBitWeights(Products products) {
    float[] numbers = {0, -0f, 1, -2.5f, 0.33325195f, 6.1035156e-5f, -5.9604645e-8f, 65504, 1e-5f};
    for (Encoding type : List.of(Encodings.FLOAT16, Encodings.BFLOAT16)) {
      for (boolean transposed : new boolean[] {false, true}) {
        ProductShape s = ProductShape.of(5, 21, 9, false, transposed);
        ShortArray bits = new ShortArray(s.sizeB());
        FloatArray b = new FloatArray(s.sizeB());
        Random random = new Random(7);
        for (int i = 0; i < bits.getSize(); i++) {
          float number = i < numbers.length ? numbers[i] : (float) random.nextGaussian() * 0.02f;
          Storage half = Storage.of(number).copyAs(type);
          bits.set(i, half.segment().get(ValueLayout.JAVA_SHORT, 0));
          b.set(i, half.floatAt(0));
        }
        FloatArray a = OnDevice.normal(random, s.sizeA());
        FloatArray c = new FloatArray(s.sizeC());
        int packedSize = products.get().packedSize(s, true);
        FloatArray expanded = new FloatArray(packedSize > 0 ? packedSize : s.sizeB());
        expanded.init(Float.NaN);
        OnDevice.run(
            List.of(
                products.get().pack(s, bits, codes(type), expanded),
                products.get().multiply(s, a, expanded, packedSize > 0, null, c, false)),
            c,
            expanded);
        compare(s, a, b, FROZEN, null, new float[s.sizeC()], c);
        if (packedSize == 0) {
          assertThat(expanded.toHeapArray()).containsExactly(b.toHeapArray());
        }
      }
    }
  }

  private static DeviceCodes codes(Encoding encoding) {
    return Objects.requireNonNull(DeviceCodes.of(encoding));
  }

  /** Infinity and NaN are what they were. */
  @Test
  void sixteenBitSpecialNumbers() {
    short[] halves = {0x7c00, (short) 0xfc00, 0x7e00, 0, (short) 0x8000, 1, (short) 0x83ff, 0x400};
    short[] brains = {0x7f80, (short) 0xff80, 0x7fc0, 0, (short) 0x8000, 1, (short) 0x83ff, 0x400};
    ShortArray half = ShortArray.fromArray(halves);
    ShortArray brain = ShortArray.fromArray(brains);
    FloatArray a = new FloatArray(8);
    FloatArray b = new FloatArray(8);
    ProductShape s = ProductShape.of(1, 8, 1, false, false);
    MatrixProduct gpu = Products.GPU.get();
    OnDevice.run(
        List.of(
            gpu.pack(s, half, codes(Encodings.FLOAT16), a),
            gpu.pack(s, brain, codes(Encodings.BFLOAT16), b)),
        a,
        b);
    for (int i = 0; i < 8; i++) {
      Float half16 = Float.float16ToFloat(halves[i]);
      Float brain16 = Float.intBitsToFloat(brains[i] << 16);
      assertThat((Float) a.get(i)).isEqualTo(half16);
      assertThat((Float) b.get(i)).isEqualTo(brain16);
    }
  }

  @Test
  void largerThanOneWorkGroup() {
    check(Products.CPU, ProductShape.of(263, 307, 211, false, true), FROZEN);
    check(Products.GPU, ProductShape.of(263, 207, 111, false, true), PLAIN);
  }

  private static int[] concat(int[] a, int[] b) {
    int[] all = java.util.Arrays.copyOf(a, a.length + b.length);
    System.arraycopy(b, 0, all, a.length, b.length);
    return all;
  }

  private static void check(Products which, ProductShape s, Variant v) {
    MatrixProduct products = which.get();
    Random random = new Random(s.hashCode());
    FloatArray a = OnDevice.normal(random, s.sizeA());
    FloatArray b = OnDevice.normal(random, s.sizeB());
    FloatArray bias = v.bias ? OnDevice.normal(random, s.n()) : null;
    FloatArray c = OnDevice.normal(random, s.sizeC());
    float[] before = c.toHeapArray();
    List<KernelCall> calls = new ArrayList<>();
    int packedSize = products.packedSize(s, v.frozen);
    FloatArray operand = b;
    if (packedSize > 0) {
      operand = new FloatArray(packedSize);
      operand.init(Float.NaN);
      calls.add(products.pack(s, b, operand));
    }
    calls.add(products.multiply(s, a, operand, packedSize > 0, bias, c, v.accumulate));
    OnDevice.run(calls, c);
    compare(s, a, b, v, bias, before, c);
  }

  private static void compare(
      ProductShape s,
      FloatArray a,
      FloatArray b,
      Variant v,
      FloatArray bias,
      float[] before,
      FloatArray c) {
    Strides loops = s.loops();
    for (int z = 0; z < s.matrices(); z++) {
      int row = z / loops.inner();
      int column = z % loops.inner();
      int fromA = (loops.rowStart(0, row) + column * loops.innerStep(0)) * s.m() * s.k();
      int fromB = (loops.rowStart(1, row) + column * loops.innerStep(1)) * s.n() * s.k();
      for (int i = 0; i < s.m(); i++) {
        for (int j = 0; j < s.n(); j++) {
          double sum = v.bias ? bias.get(j) : 0;
          double size = Math.abs(sum);
          int at = (z * s.m() + i) * s.n() + j;
          sum += v.accumulate ? before[at] : 0;
          for (int p = 0; p < s.k(); p++) {
            double x = a.get(fromA + (s.transposeA() ? p * s.m() + i : i * s.k() + p));
            double y = b.get(fromB + (s.transposeB() ? j * s.k() + p : p * s.n() + j));
            sum += x * y;
            size += Math.abs(x * y);
          }
          assertThat((double) c.get(at))
              .as("%s %s: matrix %s, row %s, column %s", s, v, z, i, j)
              .isCloseTo(sum, org.assertj.core.data.Offset.offset(1e-6 * (size + 1)));
        }
      }
    }
  }
}
