package dev.peft4j.backend.tornado.codes;

import com.google.auto.service.AutoService;
import dev.peft4j.backend.tornado.product.DeviceCodes;
import dev.peft4j.data.Encoding;
import dev.peft4j.data.Encodings;
import uk.ac.manchester.tornado.api.KernelContext;
import uk.ac.manchester.tornado.api.common.TornadoFunctions.Task4;
import uk.ac.manchester.tornado.api.common.TornadoFunctions.Task5;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;
import uk.ac.manchester.tornado.api.types.arrays.IntArray;
import uk.ac.manchester.tornado.api.types.arrays.ShortArray;

/** bfloat16: the upper halves of float32. */
@AutoService(DeviceCodes.class)
public final class BFloat16Codes implements DeviceCodes {
  private static final Task4<KernelContext, IntArray, ShortArray, FloatArray> ALL =
      BFloat16Codes::peftDecodeBFloat16Codes;
  private static final Task5<KernelContext, IntArray, ShortArray, IntArray, FloatArray> ROWS =
      BFloat16Codes::peftGatherBFloat16Codes;
  private static final Task4<KernelContext, IntArray, ShortArray, FloatArray> PACKING =
      BFloat16Codes::peftPackBFloat16Codes;

  @Override
  public Encoding encoding() {
    return Encodings.BFLOAT16;
  }

  @Override
  public Object all() {
    return ALL;
  }

  @Override
  public Object rows() {
    return ROWS;
  }

  @Override
  public Object packing() {
    return PACKING;
  }

  static void peftDecodeBFloat16Codes(
      KernelContext context, IntArray sizes, ShortArray x, FloatArray y) {
    int n = sizes.get(0);
    int i = context.globalIdx;
    if (i < n) {
      y.set(i, Float.intBitsToFloat(x.get(i) << 16));
    }
  }

  static void peftGatherBFloat16Codes(
      KernelContext context, IntArray sizes, ShortArray table, IntArray ids, FloatArray y) {
    int total = sizes.get(0);
    int n = sizes.get(1);
    int i = context.globalIdx;
    if (i < total) {
      y.set(i, Float.intBitsToFloat(table.get(ids.get(i / n) * n + i % n) << 16));
    }
  }

  static void peftPackBFloat16Codes(
      KernelContext context, IntArray sizes, ShortArray b, FloatArray packed) {
    int n = sizes.get(0);
    int k = sizes.get(1);
    int columnStep = sizes.get(2);
    int innerStep = sizes.get(3);
    int p = context.globalIdx;
    int block = context.globalIdy;
    int matrix = context.globalIdz;
    if (p < k) {
      int blocks = (n + LANES - 1) / LANES;
      int to = ((matrix * blocks + block) * k + p) * LANES;
      int from = matrix * n * k + p * innerStep;
      for (int l = 0; l < LANES; l++) {
        int column = block * LANES + l;
        if (column < n) {
          packed.set(to + l, Float.intBitsToFloat(b.get(from + column * columnStep) << 16));
        } else {
          packed.set(to + l, 0f);
        }
      }
    }
  }
}
