package dev.peft4j.backend.tornado.fuse;

import dev.peft4j.backend.tornado.kernel.KernelCall;
import dev.peft4j.data.Shape;
import dev.peft4j.graph.Scalar;
import java.util.List;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;
import uk.ac.manchester.tornado.api.types.arrays.TornadoNativeArray;

/**
 * Element-wise expressions as kernels: each expression becomes a class that TornadoVM compiles.
 * Classes are kept and used again by whatever has the same expression and broadcasts alike,
 * whatever its sizes.
 */
public final class FusedKernels {
  /**
   * The kernel that computes {@code expression} at each element of {@code out}.
   *
   * @param expression the result from inputs 0 …
   * @param out the result, of {@code shape}; it may be one of the inputs of that shape
   * @param inputs a {@code FloatArray}, {@code IntArray} or {@code LongArray} each
   * @param shapes their shapes, which broadcast to {@code shape}
   */
  public KernelCall call(
      Scalar expression,
      FloatArray out,
      Shape shape,
      List<? extends TornadoNativeArray> inputs,
      List<Shape> shapes) {
    throw new UnsupportedOperationException("not yet"); // follows
  }
}
