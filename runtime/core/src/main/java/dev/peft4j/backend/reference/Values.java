package dev.peft4j.backend.reference;

import dev.peft4j.data.DType;
import dev.peft4j.data.Shape;
import dev.peft4j.data.Storage;
import java.lang.foreign.MemorySegment;

/**
 * The elements of one tensor on the heap, in row-major order: floats, decoded if they are given in
 * codes, or integers of either width as longs.
 */
record Values(Shape shape, DType dtype, float[] floats, long[] longs) {
  private static final float[] NO_FLOATS = {};
  private static final long[] NO_LONGS = {};

  static Values zeros(Shape shape, DType dtype) {
    return dtype.isInteger()
        ? new Values(shape, dtype, NO_FLOATS, new long[shape.size()])
        : new Values(shape, dtype, new float[shape.size()], NO_LONGS);
  }

  static Values of(Storage storage, Shape shape) {
    return storage.dtype().isInteger()
        ? new Values(shape, storage.dtype(), NO_FLOATS, storage.toLongs())
        : new Values(shape, storage.dtype(), storage.toFloats(), NO_LONGS);
  }

  /** Sets element {@code i} to element {@code j} of {@code source}, which has the same type. */
  void copy(int i, Values source, int j) {
    if (!dtype.isInteger()) {
      floats[i] = source.floats[j];
    } else {
      longs[i] = source.longs[j];
    }
  }

  /** Writes all elements to {@code target}. */
  void writeTo(Storage target) {
    Storage s =
        switch (dtype) {
          case FLOAT32 -> Storage.of(floats);
          case INT64 -> Storage.of(longs);
          case INT32 -> {
            int[] ints = new int[longs.length];
            for (int i = 0; i < ints.length; i++) {
              ints[i] = (int) longs[i];
            }
            yield Storage.of(ints);
          }
        };
    MemorySegment.copy(s.segment(), 0, target.segment(), 0, shape.elements() * dtype.bytes());
  }

  /**
   * For each position of {@code shape} the position of {@code small} that belongs to it when {@code
   * small} is repeated to fill {@code shape}: aligned at the innermost dimension, index 0 along
   * dimensions of size 1.
   */
  static int[] under(Shape shape, Shape small) {
    int[] strides = small.strides();
    int[] under = new int[shape.size()];
    for (int i = 0; i < under.length; i++) {
      int rest = i;
      for (int back = 1; back <= shape.rank(); back++) {
        int size = shape.dim(-back);
        int index = rest % size;
        rest /= size;
        if (back <= small.rank() && small.dim(-back) > 1) {
          under[i] += index * strides[small.rank() - back];
        }
      }
    }
    return under;
  }
}
