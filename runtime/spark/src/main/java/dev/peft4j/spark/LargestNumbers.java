package dev.peft4j.spark;

import dev.peft4j.data.DType;
import dev.peft4j.data.Storage;
import java.io.IOException;
import java.io.ObjectInput;
import java.io.ObjectOutput;
import java.util.Arrays;

/** The numbers of the largest magnitude of a gradient, with their places. */
final class LargestNumbers {
  private LargestNumbers() {}

  /** Writes a part of the numbers; of equal ones at the limit the first. */
  static void write(Storage all, double part, ObjectOutput out) throws IOException {
    float[] values = all.toFloats();
    int count = (int) Math.min(values.length, Math.ceil(part * values.length));
    float[] sizes = new float[values.length];
    for (int i = 0; i < sizes.length; i++) {
      sizes[i] = Math.abs(values[i]);
    }
    Arrays.sort(sizes); // NaN is the largest
    float least = count == 0 ? Float.NaN : sizes[sizes.length - count];
    int atLeast = 0;
    for (float v : values) {
      atLeast += Float.compare(Math.abs(v), least) > 0 ? 1 : 0;
    }
    int equal = count - atLeast;
    out.writeInt(count);
    for (int i = 0; i < values.length; i++) {
      int order = Float.compare(Math.abs(values[i]), least);
      if (order > 0 || order == 0 && equal-- > 0) {
        out.writeInt(i);
        out.writeFloat(values[i]);
      }
    }
  }

  /** Reads what was written; the other numbers are 0. */
  static Storage read(long elements, ObjectInput in) throws IOException {
    Storage s = Storage.zeros(DType.FLOAT32, elements);
    int count = in.readInt();
    for (int i = 0; i < count; i++) {
      int at = in.readInt();
      s.setFloat(at, in.readFloat());
    }
    return s;
  }
}
