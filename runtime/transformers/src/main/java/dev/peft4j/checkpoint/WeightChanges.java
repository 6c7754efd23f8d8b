package dev.peft4j.checkpoint;

import dev.peft4j.data.Encodings;
import dev.peft4j.data.Shape;
import dev.peft4j.data.Storage;
import java.lang.foreign.MemorySegment;

/** Changes of weights between Hugging Face's models and GGUF. */
public final class WeightChanges {
  private WeightChanges() {}

  /**
   * Moves rows of queries or keys from llama.cpp's order, where the two numbers that are rotated
   * together are neighbours, to Hugging Face's, where they are half a head apart. Codes stay as
   * they are.
   */
  public static Storage halves(Storage x, int rows, int heads) {
    return move(x, rows, heads, true);
  }

  /** Moves rows from Hugging Face's order to llama.cpp's. */
  public static Storage pairs(Storage x, int rows, int heads) {
    return move(x, rows, heads, false);
  }

  private static Storage move(Storage x, int rows, int heads, boolean toHalves) {
    Storage out = Storage.allocate(x.encoding(), x.elements());
    long bytes = x.encoding().bytes(x.elements() / rows);
    int size = rows / heads;
    MemorySegment from = x.segment();
    MemorySegment to = out.segment();
    for (int row = 0; row < rows; row++) {
      int in = row % size;
      int pair = row - in + in % (size / 2) * 2 + in / (size / 2);
      long source = toHalves ? pair : row;
      long target = toHalves ? row : pair;
      MemorySegment.copy(from, source * bytes, to, target * bytes, bytes);
    }
    return out;
  }

  /** Returns numbers plus a constant, as float32. */
  public static Storage plus(Storage x, float added) {
    float[] values = x.toFloats();
    for (int i = 0; i < values.length; i++) {
      values[i] += added;
    }
    return Storage.of(values);
  }

  /** Returns a matrix with rows and columns exchanged, in its encoding. */
  public static Storage transposed(Storage x, Shape shape) {
    int rows = shape.dim(0);
    int columns = shape.dim(1);
    int bytes = x.encoding().blockBytes();
    if (x.encoding().hasBlocks()) {
      throw new IllegalArgumentException(x.encoding() + " has blocks along rows");
    }
    Storage out = Storage.allocate(x.encoding(), x.elements());
    for (int r = 0; r < rows; r++) {
      for (int c = 0; c < columns; c++) {
        MemorySegment.copy(
            x.segment(),
            ((long) r * columns + c) * bytes,
            out.segment(),
            ((long) c * rows + r) * bytes,
            bytes);
      }
    }
    return out;
  }

  /** Returns float32 numbers. */
  public static Storage floats(Storage x) {
    return x.encoding().equals(Encodings.FLOAT32) ? x : x.copyAs(Encodings.FLOAT32);
  }
}
