package dev.peft4j.nn;

import dev.peft4j.data.DType;
import dev.peft4j.data.Encoding;
import dev.peft4j.data.Rng;
import dev.peft4j.data.Shape;
import dev.peft4j.data.Storage;
import java.lang.foreign.Arena;
import java.util.function.Supplier;
import java.util.stream.IntStream;

/** Initial values of parameters, drawn from the distributions that torch's layers use. */
public final class Initial {
  /** The numbers of a block; even, since normal numbers are drawn in pairs. */
  private static final int BLOCK = 4096;

  /** The number of blocks from which several threads are worthwhile. */
  private static final int PARALLEL = 16;

  /** How matrices that are drawn are held. */
  private static final ScopedValue<Encoding> HELD = ScopedValue.newInstance();

  private Initial() {}

  /**
   * Runs {@code make}, which makes modules, and holds the matrices that it draws in an encoding:
   * torch's {@code set_default_dtype}. Each is converted as soon as it is drawn, so that the whole
   * model never exists in float32; the numbers are those of {@link Module#to}. Vectors stay
   * float32.
   *
   * @param encoding one of floating-point numbers without blocks, such as {@code BFLOAT16}
   * @throws IllegalArgumentException if it has blocks or is one of integers
   */
  public static <T> T held(Encoding encoding, Supplier<T> make) {
    if (encoding.hasBlocks() || encoding.dtype().isInteger()) {
      throw new IllegalArgumentException(
          "weights are drawn as floating-point numbers without blocks, found " + encoding);
    }
    return ScopedValue.where(HELD, encoding).call(make::get);
  }

  /**
   * Returns numbers of torch's {@code kaiming_uniform_(a=√5)} (He et al. 2015), the default of
   * Linear and Conv: uniform in ±1/√fanIn, where fanIn is the product of all sizes but the first.
   */
  public static Parameter kaimingUniform(Rng rng, int... shape) {
    Shape s = Shape.of(shape);
    float bound = (float) (1 / Math.sqrt(s.product(1, s.rank())));
    return drawn(rng, (r, n) -> r.uniform(n, -bound, bound), s);
  }

  /** Returns uniform numbers in ±1/√fanIn: the default of biases. */
  public static Parameter bias(Rng rng, int fanIn, int n) {
    float bound = (float) (1 / Math.sqrt(fanIn));
    return new Parameter(rng.uniform(n, -bound, bound), n);
  }

  /** Returns normal numbers of mean 0. */
  public static Parameter normal(Rng rng, float std, int... shape) {
    return drawn(rng, (r, n) -> r.normal(n, 0, std), Shape.of(shape));
  }

  private interface Draw {
    float[] from(Rng rng, int n);
  }

  /**
   * Draws numbers block by block, on all processors if there are many: an array as large as a large
   * table would stay on the heap for long.
   */
  private static Parameter drawn(Rng rng, Draw draw, Shape shape) {
    if (shape.rank() == 2 && HELD.isBound() && !HELD.get().isPlain()) {
      Encoding held = HELD.get();
      try (Arena passing = Arena.ofShared()) { // several threads write to it
        Storage values = Storage.wrap(passing.allocate(4L * shape.elements(), 64), DType.FLOAT32);
        fill(rng, draw, values, shape.size());
        return new Parameter(values.copyAs(held), shape);
      }
    }
    Storage values = Storage.allocate(DType.FLOAT32, shape.elements());
    fill(rng, draw, values, shape.size());
    return new Parameter(values, shape);
  }

  private static void fill(Rng rng, Draw draw, Storage values, int n) {
    if (n == 0) {
      return;
    }
    int blocks = (n + BLOCK - 1) / BLOCK;
    Rng[] sources = new Rng[blocks];
    for (int b = 0; b < blocks - 1; b++) {
      sources[b] = rng.ahead(BLOCK);
    }
    sources[blocks - 1] = rng; // what the last one takes, rng itself has to leave behind
    IntStream range = IntStream.range(0, blocks);
    (blocks < PARALLEL ? range : range.parallel())
        .forEach(
            b -> {
              int at = b * BLOCK;
              values.setFloats(at, draw.from(sources[b], Math.min(BLOCK, n - at)));
            });
  }

  /** Returns a parameter in which all elements are {@code value}. */
  public static Parameter constant(float value, int... shape) {
    float[] v = new float[Shape.of(shape).size()];
    java.util.Arrays.fill(v, value);
    return new Parameter(v, shape);
  }
}
