package dev.peft4j.backend.tornado.op;

import dev.peft4j.backend.tornado.kernel.KernelCall;
import dev.peft4j.data.Shape;
import dev.peft4j.op.Rotary;
import java.util.List;
import uk.ac.manchester.tornado.api.KernelContext;
import uk.ac.manchester.tornado.api.common.TornadoFunctions.Task5;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;
import uk.ac.manchester.tornado.api.types.arrays.IntArray;

/** The kernel that rotates queries and keys by their positions; one item an element. */
public final class RotaryKernels {
  private static final Task5<KernelContext, IntArray, FloatArray, FloatArray, FloatArray> ROTATE =
      RotaryKernels::peftRotate;

  private RotaryKernels() {}

  /**
   * Returns the call that rotates {@code x}.
   *
   * @param shape of x, (batch, tokens, heads · d)
   * @param ofTable shape of the table of cosines and sines, (batch or 1, tokens, r)
   */
  public static KernelCall rotate(
      Rotary op, FloatArray x, Shape shape, FloatArray table, Shape ofTable, FloatArray y) {
    int r = ofTable.dim(2);
    int tokens = shape.dim(1);
    int n = shape.size();
    return new KernelCall(
        ROTATE,
        List.of(
            KernelCall.CONTEXT,
            x,
            table,
            y,
            n,
            tokens,
            shape.dim(2),
            shape.dim(2) / op.heads(),
            r,
            ofTable.dim(0) == 1 ? 0 : tokens * r,
            op.interleaved() ? 1 : 0,
            op.inverse() ? 1 : 0),
        Grids.items(n));
  }

  static void peftRotate(
      KernelContext context, IntArray sizes, FloatArray x, FloatArray table, FloatArray y) {
    int n = sizes.get(0);
    int tokens = sizes.get(1);
    int width = sizes.get(2);
    int d = sizes.get(3);
    int r = sizes.get(4);
    int ofBatch = sizes.get(5);
    int interleaved = sizes.get(6);
    int inverse = sizes.get(7);
    int i = context.globalIdx;
    if (i < n) {
      int half = r / 2;
      int at = i % width % d;
      float value = x.get(i);
      if (at < r) {
        int row = i / width;
        int angles = row / tokens * ofBatch + row % tokens * r;
        int second = interleaved == 1 ? at % 2 : at / half;
        int pair = interleaved == 1 ? at / 2 : at - second * half;
        int apart = interleaved == 1 ? 1 : half;
        float other = x.get(second == 1 ? i - apart : i + apart);
        float sin = table.get(angles + half + pair);
        float turned = second == inverse ? -other * sin : other * sin;
        value = value * table.get(angles + pair) + turned;
      }
      y.set(i, value);
    }
  }
}
