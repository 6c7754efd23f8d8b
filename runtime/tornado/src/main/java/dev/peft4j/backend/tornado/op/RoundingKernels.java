package dev.peft4j.backend.tornado.op;

import dev.peft4j.backend.tornado.kernel.KernelCall;
import java.util.List;
import uk.ac.manchester.tornado.api.KernelContext;
import uk.ac.manchester.tornado.api.common.TornadoFunctions.Task4;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;
import uk.ac.manchester.tornado.api.types.arrays.IntArray;

/** The kernel that rounds numbers to fewer bits. */
public final class RoundingKernels {
  private static final Task4<KernelContext, IntArray, IntArray, IntArray> TO_BFLOAT16 =
      RoundingKernels::peftToBFloat16;

  private RoundingKernels() {}

  /**
   * Returns the call that rounds {@code n} numbers to the nearest bfloat16, ties to even.
   *
   * @param y of half as many elements, rounded up: two numbers in each, the first one in the lower
   *     half
   */
  public static KernelCall toBFloat16(FloatArray x, FloatArray y, int n) {
    return new KernelCall(
        TO_BFLOAT16, List.of(KernelCall.CONTEXT, x, y, n), Grids.items((n + 1) / 2));
  }

  /**
   * TornadoVM compiles no {@code floatToRawIntBits}, but a device does not know of what type a
   * buffer is: the kernel reads and writes the bits of float32 buffers as integers.
   */
  static void peftToBFloat16(KernelContext context, IntArray sizes, IntArray x, IntArray y) {
    int n = sizes.get(0);
    int i = context.globalIdx;
    if (2 * i < n) {
      int low = x.get(2 * i);
      int high = 0;
      if (2 * i + 1 < n) {
        high = x.get(2 * i + 1);
      }
      // NaN and infinity have all bits of the exponent: half a unit more would change them
      int lowUp = (low & 0x7f800000) == 0x7f800000 ? 0 : 0x7fff + ((low >> 16) & 1);
      int highUp = (high & 0x7f800000) == 0x7f800000 ? 0 : 0x7fff + ((high >> 16) & 1);
      y.set(i, (((low + lowUp) >> 16) & 0xffff) | ((high + highUp) & 0xffff0000));
    }
  }
}
