package dev.peft4j.backend.cpu;

import static dev.peft4j.backend.cpu.VectorMath.all;
import static dev.peft4j.backend.cpu.VectorMath.put;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorOperators;

/**
 * Decoding of llama.cpp's blocks of 256 values with the Vector API, for vectors of 16 lanes; the
 * bits are those of the encodings themselves. Loaded only where the module jdk.incubator.vector is.
 */
final class KVectors {
  private static final int Q4_BYTES = 144;
  private static final int Q6_BYTES = 210;

  private KVectors() {}

  private static int u8(long address) {
    return Memory.getByte(address) & 0xff;
  }

  /** Blocks of {@link dev.peft4j.data.Q4_K}. */
  static void q4(long codes, long to, int blocks) {
    for (int b = 0; b < blocks; b++) {
      long block = codes + (long) b * Q4_BYTES;
      float d = CodedVectors.half(block);
      float min = CodedVectors.half(block + 2);
      long s = block + 4;
      for (int j = 0; j < 8; j++) {
        int scale;
        int shift;
        if (j < 4) {
          scale = u8(s + j) & 63;
          shift = u8(s + j + 4) & 63;
        } else {
          scale = u8(s + j + 4) & 15 | u8(s + j - 4) >> 6 << 4;
          shift = u8(s + j + 4) >> 4 | u8(s + j) >> 6 << 4;
        }
        quarter(block + 16 + j / 2 * 32, j % 2 * 4, d * scale, min * shift, to + 128L * j);
      }
      to += 1024;
    }
  }

  /** 32 values: half of each of 32 bytes. */
  private static void quarter(long codes, int right, float scale, float shift, long to) {
    FloatVector f = all(scale);
    FloatVector m = all(shift);
    put(nibble(codes, right).mul(f).sub(m), to);
    put(nibble(codes + 16, right).mul(f).sub(m), to + 64);
  }

  private static FloatVector nibble(long codes, int right) {
    IntVector q = CodedVectors.bytes(codes).lanewise(VectorOperators.LSHR, right).and(15);
    return (FloatVector) q.convert(VectorOperators.I2F, 0);
  }

  /** Blocks of {@link dev.peft4j.data.Q6_K}. */
  static void q6(long codes, long to, int blocks) {
    for (int b = 0; b < blocks; b++) {
      long block = codes + (long) b * Q6_BYTES;
      float d = CodedVectors.half(block + 208);
      for (int part = 0; part < 16; part++) {
        int half = part / 8;
        int r = part % 8 * 16;
        long low = block + half * 64 + r % 64;
        long high = block + 128 + half * 32 + r % 32;
        float scale = d * Memory.getByte(block + 192 + part);
        sixteenth(low, r / 64 * 4, high, r / 32 * 2, scale, to + 64L * part);
      }
      to += 1024;
    }
  }

  private static void sixteenth(
      long low, int lowRight, long high, int highRight, float scale, long to) {
    IntVector l = CodedVectors.bytes(low).lanewise(VectorOperators.LSHR, lowRight).and(15);
    IntVector h = CodedVectors.bytes(high).lanewise(VectorOperators.LSHR, highRight).and(3);
    IntVector q = l.or(h.lanewise(VectorOperators.LSHL, 4)).sub(32);
    put(((FloatVector) q.convert(VectorOperators.I2F, 0)).mul(all(scale)), to);
  }
}
