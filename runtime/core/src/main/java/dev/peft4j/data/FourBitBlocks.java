package dev.peft4j.data;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/**
 * Blocks of 4-bit codes under their largest magnitude, as in bitsandbytes: QLoRA's weights. Blocks
 * cross rows: they divide the numbers of a tensor in row-major order, and the last one may be
 * short. A decoded value is what its code stands for, times the block's maximum, in float32.
 *
 * <p>With double quantization the maxima are 8-bit codes themselves: for 256 of them there is one
 * maximum, after the mean of all maxima is subtracted ({@link DynamicMap}).
 *
 * <p>In memory each block is its maximum (four bytes, or one) and its codes, the first value of a
 * byte in the high half; with double quantization the outer maximum and the mean are before every
 * 256 blocks.
 */
public abstract sealed class FourBitBlocks extends Encoding permits Nf4, Fp4 {
  private static final ValueLayout.OfByte I8 = ValueLayout.JAVA_BYTE;

  /** Maxima that share an outer one. */
  private static final int GROUP = 256;

  /** Bytes of an outer maximum and of the mean. */
  private static final int GROUP_BYTES = 8;

  /** What bitsandbytes divides by at least. */
  private static final float LEAST = 1e-38f;

  private final boolean twice;
  private final float[] table;

  /** Codes by rising value, and the values between neighbours, where the lower one ends. */
  private final int[] order;

  private final float[] ends;

  FourBitBlocks(String kind, int blockValues, boolean twice, float[] table, int[] order) {
    super(
        kind + (blockValues == 64 ? "" : "_" + blockValues) + (twice ? "_DOUBLE" : ""),
        DType.FLOAT32,
        blockValues,
        (twice ? 1 : 4) + blockValues / 2);
    if (blockValues < 32 || blockValues > 4096 || Integer.bitCount(blockValues) != 1) {
      throw new IllegalArgumentException(
          "blocks of "
              + kind
              + " have 32, 64, 128, 256, 512, 1024, 2048 or 4096 values, found "
              + blockValues);
    }
    this.twice = twice;
    this.table = table;
    this.order = order;
    this.ends = new float[order.length - 1];
    for (int i = 0; i < ends.length; i++) {
      ends[i] = (table[order[i]] + table[order[i + 1]]) / 2;
    }
  }

  /** Returns true if the maxima are quantized too. */
  public final boolean isDouble() {
    return twice;
  }

  /** Returns what code {@code code}, from 0 to 15, stands for. */
  public final float value(int code) {
    return table[code];
  }

  @Override
  public final boolean crossesRows() {
    return true;
  }

  @Override
  public final long bytes(long values) {
    long blocks = blocks(values);
    return blocks * blockBytes() + (twice ? groups(blocks) * GROUP_BYTES : 0);
  }

  private static long groups(long blocks) {
    return (blocks + GROUP - 1) / GROUP;
  }

  /** Returns where block {@code b} is, counted from the tensor's first byte. */
  public final long blockAt(long b) {
    return b * blockBytes() + (twice ? (b / GROUP + 1) * GROUP_BYTES : 0);
  }

  private long groupAt(long group) {
    return group * ((long) GROUP * blockBytes() + GROUP_BYTES);
  }

  /** Returns the bytes of a block before its codes. */
  public final int codesAt() {
    return twice ? 1 : 4;
  }

  /** Returns the maximum of block {@code b} of the tensor whose first byte is {@code start}. */
  public final float maximum(MemorySegment from, long start, long b) {
    long block = start + blockAt(b);
    if (!twice) {
      return from.get(F32, block);
    }
    long group = start + groupAt(b / GROUP);
    float scale = DynamicMap.value(from.get(I8, block) & 0xff) * from.get(F32, group);
    return scale + from.get(F32, group + 4);
  }

  @Override
  public final void decode(MemorySegment from, long first, MemorySegment to, long at, long blocks) {
    decodeValues(from, first, 0, blocks * blockValues(), to, at);
  }

  @Override
  public final void decodeValues(
      MemorySegment from, long start, long first, long count, MemorySegment to, long at) {
    long end = first + count;
    for (long value = first; value < end; ) {
      long b = value / blockValues();
      long stop = Math.min(end, (b + 1) * blockValues());
      float maximum = maximum(from, start, b);
      long codes = start + blockAt(b) + codesAt();
      for (; value < stop; value++) {
        int in = (int) (value % blockValues());
        int pair = from.get(I8, codes + in / 2);
        float unit = table[(in & 1) == 0 ? pair >> 4 & 15 : pair & 15];
        to.set(F32, at + (value - first) * 4, unit * maximum);
      }
    }
  }

  @Override
  public final void encode(MemorySegment from, long first, MemorySegment to, long at, long blocks) {
    long values = blocks * blockValues();
    encodeValues(from.asSlice(first, values * 4), to.asSlice(at, bytes(values)), values);
  }

  @Override
  public final void encodeValues(MemorySegment from, MemorySegment to, long values) {
    int blocks = Math.toIntExact(blocks(values));
    float[] maxima = new float[blocks];
    for (int b = 0; b < blocks; b++) {
      maxima[b] = encodeBlock(from, to, b, values);
    }
    if (twice) {
      float mean = DynamicMap.mean(maxima);
      byte[] codes = new byte[blocks];
      float[] outer = DynamicMap.encode(maxima, mean, GROUP, codes);
      putMaxima(to, codes, outer, mean);
    } else {
      putMaxima(to, maxima);
    }
  }

  /** Writes the codes of a block and returns its maximum. */
  private float encodeBlock(MemorySegment from, MemorySegment to, long b, long values) {
    long first = b * blockValues();
    int n = (int) Math.min(blockValues(), values - first);
    float[] x = new float[n];
    MemorySegment.copy(from, F32, first * 4, x, 0, n);
    float most = 0;
    for (float v : x) {
      if (!Float.isFinite(v)) {
        throw new NonFiniteException(
            v + " cannot be held as " + name() + ", whose values are finite");
      }
      most = Math.max(most, Math.abs(v));
    }
    // bitsandbytes multiplies full blocks by the reciprocal and divides the short one
    boolean full = n == blockValues();
    float divisor = Math.max(most, LEAST);
    float factor = 1 / divisor;
    long codes = blockAt(b) + codesAt();
    for (int i = 0; i < n; i += 2) {
      int high = code(full ? x[i] * factor : x[i] / divisor);
      int low = i + 1 == n ? code(0) : code(full ? x[i + 1] * factor : x[i + 1] / divisor);
      to.set(I8, codes + i / 2, (byte) (high << 4 | low));
    }
    return full ? most : divisor;
  }

  /** The nearest code; of two as near the one of the lower value. */
  private int code(float x) {
    int low = 0;
    int high = ends.length;
    while (low < high) {
      int middle = (low + high) >>> 1;
      if (ends[middle] < x) {
        low = middle + 1;
      } else {
        high = middle;
      }
    }
    return order[low];
  }

  private void putMaxima(MemorySegment to, float[] maxima) {
    for (int b = 0; b < maxima.length; b++) {
      to.set(F32, blockAt(b), maxima[b]);
    }
  }

  private void putMaxima(MemorySegment to, byte[] codes, float[] outer, float mean) {
    for (int b = 0; b < codes.length; b++) {
      to.set(I8, blockAt(b), codes[b]);
    }
    for (int g = 0; g < outer.length; g++) {
      to.set(F32, groupAt(g), outer[g]);
      to.set(F32, groupAt(g) + 4, mean);
    }
  }

  /**
   * Returns numbers in this encoding from what bitsandbytes has apart.
   *
   * @param codes two values a byte, the first one in the high half
   * @param maxima of each block
   * @param values how many numbers there are
   * @throws IllegalArgumentException if the lengths do not fit, or the maxima are quantized too
   */
  public final Storage of(byte[] codes, float[] maxima, long values) {
    requireLengths(codes, maxima.length, values, false);
    Storage s = withCodes(codes, values);
    putMaxima(s.segment(), maxima);
    return s;
  }

  /**
   * Returns numbers in this encoding from what bitsandbytes has apart, with double quantization.
   *
   * @param codes two values a byte, the first one in the high half
   * @param maximaCodes the code of each block's maximum
   * @param outer the maximum of each 256 maxima
   * @param mean what was subtracted from all maxima
   * @param values how many numbers there are
   * @throws IllegalArgumentException if the lengths do not fit, or the maxima are not quantized
   */
  public final Storage of(
      byte[] codes, byte[] maximaCodes, float[] outer, float mean, long values) {
    requireLengths(codes, maximaCodes.length, values, true);
    if (outer.length != groups(maximaCodes.length)) {
      throw new IllegalArgumentException(
          maximaCodes.length
              + " maxima have "
              + groups(maximaCodes.length)
              + " outer ones, found "
              + outer.length);
    }
    Storage s = withCodes(codes, values);
    putMaxima(s.segment(), maximaCodes, outer, mean);
    return s;
  }

  private void requireLengths(byte[] codes, int maxima, long values, boolean twoLevels) {
    if (twoLevels != twice || codes.length != (values + 1) / 2 || maxima != blocks(values)) {
      throw new IllegalArgumentException(
          values
              + " values of "
              + name()
              + " have "
              + (values + 1) / 2
              + " bytes of codes and "
              + blocks(values)
              + (twice ? " quantized maxima" : " maxima")
              + ", found "
              + codes.length
              + " and "
              + maxima
              + (twoLevels ? " quantized ones" : ""));
    }
  }

  private Storage withCodes(byte[] codes, long values) {
    Storage s = Storage.allocate(this, values);
    int half = blockValues() / 2;
    for (int b = 0; b < blocks(values); b++) {
      int n = Math.min(half, codes.length - b * half);
      MemorySegment.copy(codes, b * half, s.segment(), I8, blockAt(b) + codesAt(), n);
    }
    return s;
  }

  /** Returns the codes of numbers in this encoding as bitsandbytes has them, two values a byte. */
  public final byte[] codes(Storage s) {
    byte[] codes = new byte[Math.toIntExact((s.elements() + 1) / 2)];
    int half = blockValues() / 2;
    for (int b = 0; b < blocks(s.elements()); b++) {
      int n = Math.min(half, codes.length - b * half);
      MemorySegment.copy(s.segment(), I8, blockAt(b) + codesAt(), codes, b * half, n);
    }
    return codes;
  }

  /** Returns the maximum of each block of numbers in this encoding. */
  public final float[] maxima(Storage s) {
    float[] maxima = new float[Math.toIntExact(blocks(s.elements()))];
    for (int b = 0; b < maxima.length; b++) {
      maxima[b] = maximum(s.segment(), 0, b);
    }
    return maxima;
  }
}
