package dev.peft4j.backend.cpu;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.Random;

/** Off-heap float arrays for a test. */
final class Floats implements AutoCloseable {
  private final Arena arena = Arena.ofShared();

  /** Room for n floats whose address is {@code offset} floats after a multiple of 64 bytes. */
  long room(int n, int offset) {
    return arena.allocate(4L * (n + offset) + 64, 64).address() + 4L * offset;
  }

  long of(float... values) {
    return at(0, values);
  }

  long at(int offset, float... values) {
    long address = room(values.length, offset);
    write(address, values);
    return address;
  }

  static void write(long address, float... values) {
    for (int i = 0; i < values.length; i++) {
      Memory.set(address + 4L * i, values[i]);
    }
  }

  static float[] read(long address, int n) {
    float[] values = new float[n];
    for (int i = 0; i < n; i++) {
      values[i] = Memory.get(address + 4L * i);
    }
    return values;
  }

  static float[] random(Random random, int n, float scale) {
    float[] values = new float[n];
    for (int i = 0; i < n; i++) {
      values[i] = (float) random.nextGaussian() * scale;
    }
    return values;
  }

  MemorySegment segment(long bytes) {
    return arena.allocate(bytes, 64);
  }

  @Override
  public void close() {
    arena.close();
  }
}
