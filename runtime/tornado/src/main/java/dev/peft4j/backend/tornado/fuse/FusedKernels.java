package dev.peft4j.backend.tornado.fuse;

import dev.peft4j.backend.Strides;
import dev.peft4j.backend.tornado.kernel.GeneratedKernels;
import dev.peft4j.backend.tornado.kernel.KernelCall;
import dev.peft4j.backend.tornado.kernel.Places;
import dev.peft4j.data.Shape;
import dev.peft4j.graph.Scalar;
import java.util.ArrayList;
import java.util.List;
import uk.ac.manchester.tornado.api.WorkerGrid;
import uk.ac.manchester.tornado.api.WorkerGrid2D;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;

/**
 * Element-wise expressions as kernels: each expression becomes a class that TornadoVM compiles.
 * Classes are reused for the same expression with the same broadcasting, whatever the sizes.
 *
 * <p>Results are those of the expression's definition up to rounding, NaN and infinity included.
 * Sine and cosine are the driver's (PoCL 3.1's are wrong beyond about 10⁵), and a driver may take
 * numbers below the normal ones for 0.
 */
public final class FusedKernels {
  /** Shorter innermost loops do not fill a work group. */
  private static final int SHORT = 32;

  private static final int SMALL_GROUP = 64;
  private static final int LARGE_GROUP = 256;

  private FusedKernels() {}

  /**
   * Returns the kernel that computes {@code expression} at each element of {@code out}.
   *
   * @param expression the result from inputs 0 …
   * @param out the result, of {@code shape}; it may be one of the inputs of that shape
   * @param inputs at most 12; a buffer may occur several times
   * @param shapes the inputs' shapes, which broadcast to {@code shape}
   */
  public static KernelCall call(
      Scalar expression, FloatArray out, Shape shape, List<FloatArray> inputs, List<Shape> shapes) {
    Strides loops = Strides.broadcast(shape, shapes.toArray(new Shape[0]));
    int last = loops.rank() - 1;
    boolean rows = last > 0 && loops.inner() >= SHORT;
    Places places = Places.of(loops);
    int inner = 0;
    if (rows) {
      for (int i = 0; i < inputs.size(); i++) {
        inner |= loops.innerStep(i) == 0 ? 0 : 1 << i;
      }
      places = places.withoutInnermost();
    }
    List<FloatArray> buffers = new ArrayList<>();
    List<Integer> sources = new ArrayList<>();
    for (FloatArray in : inputs) {
      sources.add(in == out ? -1 : number(in, buffers));
    }
    FusedKernel kernel = new FusedKernel(expression, sources, places, inner, rows);
    int width = rows ? loops.inner() : shape.size();
    List<Object> arguments = new ArrayList<>(List.of(KernelCall.CONTEXT, out));
    arguments.addAll(buffers);
    arguments.add(width);
    for (int i = 1; i < places.loops(); i++) {
      arguments.add(loops.sizes()[i]);
    }
    int group = group(width);
    WorkerGrid grid =
        new WorkerGrid2D((width + group - 1) / group * group, rows ? loops.rows() : 1);
    grid.setLocalWork(group, 1, 1);
    return new KernelCall(GeneratedKernels.of(kernel), arguments, grid);
  }

  /** The number of a buffer among those seen; TornadoVM wants each only once. */
  private static int number(FloatArray buffer, List<FloatArray> buffers) {
    for (int i = 0; i < buffers.size(); i++) {
      if (buffers.get(i) == buffer) {
        return i;
      }
    }
    buffers.add(buffer);
    return buffers.size() - 1;
  }

  /** Items of a work group; of large groups few items may lie beyond the end. */
  private static int group(int width) {
    int beyond = (width + LARGE_GROUP - 1) / LARGE_GROUP * LARGE_GROUP - width;
    return beyond * 8 <= width ? LARGE_GROUP : SMALL_GROUP;
  }
}
