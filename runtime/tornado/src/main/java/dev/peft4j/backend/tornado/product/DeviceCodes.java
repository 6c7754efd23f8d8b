package dev.peft4j.backend.tornado.product;

import dev.peft4j.backend.tornado.kernel.KernelCall;
import dev.peft4j.backend.tornado.op.Grids;
import dev.peft4j.data.Encoding;
import java.util.List;
import java.util.ServiceLoader;
import org.jspecify.annotations.Nullable;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;
import uk.ac.manchester.tornado.api.types.arrays.IntArray;
import uk.ac.manchester.tornado.api.types.arrays.ShortArray;

/**
 * Kernels that decode weights on the device, which then keeps their codes; found by {@link
 * ServiceLoader} ({@code @AutoService(DeviceCodes.class)}), one file an encoding. They are for the
 * device's memory only: without them the host decodes a weight once, when it goes to the device.
 *
 * <p>Kernels get the codes two bytes at a time. TornadoVM finds compiled code again by its object,
 * so each kernel is a constant; it compiles {@code intBitsToFloat} only right where the result is
 * stored at once.
 */
public interface DeviceCodes {
  /** Columns of a block of a packed operand. */
  int LANES = VectorKernel.LANES;

  /** Rows of a product that reads codes; with more, decoding a weight once costs less. */
  int FEW = 8;

  /** Returns the encoding that the kernels decode; its blocks have an even number of bytes. */
  Encoding encoding();

  /**
   * Returns the kernel of all numbers, a {@code Task4<KernelContext, IntArray, ShortArray,
   * FloatArray>}: sizes (n), codes, n numbers.
   */
  Object all();

  /**
   * Returns the kernel of rows of a table, a {@code Task5<KernelContext, IntArray, ShortArray,
   * IntArray, FloatArray>}: sizes (numbers in all, numbers in a row), codes, ids, numbers.
   */
  Object rows();

  /**
   * Returns the kernel that packs a right operand as {@link Packing} does, a {@code
   * Task4<KernelContext, IntArray, ShortArray, FloatArray>}: sizes (n, k, step from column to
   * column, step along k), codes, packed numbers.
   */
  Object packing();

  /**
   * Returns the kernel of the products of a few rows with a weight (n, k), which decodes numbers as
   * it multiplies them, a {@code Task6<KernelContext, IntArray, FloatArray, ShortArray, FloatArray,
   * FloatArray>}: sizes (numbers of the result, n, k, 1 or 0 to take one bias for all), rows,
   * codes, bias, result. Null if weights are always decoded before a product.
   */
  default @Nullable Object fewRows() {
    return null;
  }

  /**
   * Returns the call of {@link #fewRows} for a product, or null if it is not one of them.
   *
   * @param bias n numbers, or a single one for all columns
   */
  default @Nullable KernelCall multiply(
      ProductShape s, FloatArray a, ShortArray b, FloatArray bias, FloatArray c) {
    Object kernel = fewRows();
    boolean rows = s.transposeB() && !s.transposeA() && s.matrices() == 1 && s.m() <= FEW;
    if (kernel == null || !rows) {
      return null;
    }
    int n = s.m() * s.n();
    int step = bias.getSize() == 1 ? 0 : 1;
    return new KernelCall(
        kernel, List.of(KernelCall.CONTEXT, a, b, bias, c, n, s.n(), s.k(), step), Grids.items(n));
  }

  /** Returns the call that decodes {@code n} numbers. */
  default KernelCall decode(ShortArray codes, FloatArray y, int n) {
    return new KernelCall(all(), List.of(KernelCall.CONTEXT, codes, y, n), Grids.items(n));
  }

  /** Returns the call that decodes the rows of a table (…, n) that {@code count} ids name. */
  default KernelCall gather(ShortArray table, IntArray ids, FloatArray y, int count, int n) {
    return new KernelCall(
        rows(), List.of(KernelCall.CONTEXT, table, ids, y, count * n, n), Grids.items(count * n));
  }

  /** Returns the kernels for an encoding, or null if there are none. */
  static @Nullable DeviceCodes of(Encoding encoding) {
    for (DeviceCodes c : Found.ALL) {
      if (c.encoding().equals(encoding)) {
        return c;
      }
    }
    return null;
  }

  /** Looked for when a program has the first weight in codes. */
  final class Found {
    private static final List<DeviceCodes> ALL =
        ServiceLoader.load(DeviceCodes.class, DeviceCodes.class.getClassLoader()).stream()
            .map(ServiceLoader.Provider::get)
            .toList();

    private Found() {}
  }
}
