package dev.peft4j.backend.tornado;

import dev.peft4j.backend.tornado.product.ProductShape;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;

/**
 * Packs a frozen right operand on the host, as the kernels of {@code product} do on the device:
 * blocks of 16 columns filled up with zeros, as [matrix][block][k][16]. So the weight itself never
 * goes to the device.
 */
final class HostPacking {
  private static final int LANES = 16;
  private static final ValueLayout.OfFloat F32 = ValueLayout.JAVA_FLOAT_UNALIGNED;

  private HostPacking() {}

  static void pack(ProductShape s, MemorySegment b, FloatArray packed) {
    MemorySegment to = packed.getSegment();
    int n = s.n();
    int k = s.k();
    int blocks = (n + LANES - 1) / LANES;
    int columnStep = s.transposeB() ? k : 1;
    int innerStep = s.transposeB() ? 1 : n;
    long at = 0;
    for (int matrix = 0; matrix < s.batchB().size(); matrix++) {
      long from = (long) matrix * n * k;
      for (int block = 0; block < blocks; block++) {
        for (int p = 0; p < k; p++) {
          for (int lane = 0; lane < LANES; lane++) {
            int column = block * LANES + lane;
            float v =
                column < n
                    ? b.getAtIndex(F32, from + (long) column * columnStep + (long) p * innerStep)
                    : 0;
            to.setAtIndex(F32, at++, v);
          }
        }
      }
    }
  }
}
