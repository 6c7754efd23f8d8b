package dev.peft4j.backend.cpu;

import static dev.peft4j.backend.cpu.VectorMath.all;
import static dev.peft4j.backend.cpu.VectorMath.at;
import static dev.peft4j.backend.cpu.VectorMath.put;

import java.io.IOException;
import java.io.InputStream;
import java.lang.constant.ConstantDescs;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.MethodHandles.Lookup;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import org.jspecify.annotations.Nullable;

/**
 * The loops of {@link CodedLoops} for any {@link BlockVectors}. HotSpot keeps vectors in registers
 * only where it knows every method that is called, and it compiles the methods of a class once for
 * all its objects; so this class is loaded again for each encoding, with the vectors as a constant.
 * Only for vectors of 16 lanes; loaded only where the module jdk.incubator.vector is.
 */
final class BlockLoops implements CodedLoops {
  private static final int PIECE = 32;
  private static final int HALF = 16;

  private static final BlockVectors V = given();

  BlockLoops() {}

  @SuppressWarnings("NullAway") // of the class itself, which only loads the others
  private static BlockVectors given() {
    try {
      Lookup here = MethodHandles.lookup();
      return MethodHandles.classData(here, ConstantDescs.DEFAULT_NAME, BlockVectors.class);
    } catch (IllegalAccessException e) {
      throw new AssertionError("a class sees its own data", e);
    }
  }

  /** The loops of an encoding, or null if classes cannot be loaded again here. */
  static @Nullable CodedLoops of(BlockVectors vectors) {
    try (InputStream in = BlockLoops.class.getResourceAsStream("BlockLoops.class")) {
      if (in == null) {
        return null;
      }
      Lookup made =
          MethodHandles.lookup().defineHiddenClassWithClassData(in.readAllBytes(), vectors, true);
      return (CodedLoops) made.lookupClass().getDeclaredConstructor().newInstance();
    } catch (IOException | ReflectiveOperationException | UnsupportedOperationException e) {
      return null; // a native image, say
    }
  }

  private static long block(long row, int piece) {
    return row + (long) (piece / V.pieces()) * V.bytes();
  }

  @Override
  public void decode(long codes, long to, int n) {
    if (V.apart()) {
      for (int i = 0; i < n / HALF; i++) {
        put(V.half(block(codes, i >> 1), i >> 1 & V.pieces() - 1, i & 1), to + 64L * i);
      }
      return;
    }
    for (int p = 0; p < n / PIECE; p++) {
      int piece = p & V.pieces() - 1;
      long block = block(codes, p);
      IntVector q = V.codes(block, piece);
      FloatVector scale = V.scale(block, piece);
      FloatVector shift = V.shift(block, piece, scale);
      put(V.low(q, scale, shift), to + 128L * p);
      put(V.high(q, scale, shift, block, piece), to + 128L * p + 64);
    }
  }

  /** In one method: HotSpot inlines calls only so deep, and the Vector API's are deep ones. */
  @Override
  public void sums(long x, long w, long rowBytes, int count, int k, long sums) {
    for (int j = 0; j < count; j++) {
      FloatVector a = all(0f);
      FloatVector b = a;
      if (V.apart()) {
        for (int i = 0; i < k / HALF; i++) {
          long block = block(w + j * rowBytes, i >> 1);
          FloatVector v = V.half(block, i >> 1 & V.pieces() - 1, i & 1);
          v = v.fma(at(x + 64L * i), a);
          a = b;
          b = v;
        }
      } else {
        for (int p = 0; p < k / PIECE; p++) {
          int piece = p & V.pieces() - 1;
          long block = block(w + j * rowBytes, p);
          IntVector q = V.codes(block, piece);
          FloatVector scale = V.scale(block, piece);
          FloatVector shift = V.shift(block, piece, scale);
          a = V.low(q, scale, shift).fma(at(x + 128L * p), a);
          b = V.high(q, scale, shift, block, piece).fma(at(x + 128L * p + 64), b);
        }
      }
      put(a.add(b), sums + 64L * j);
    }
  }

  @Override
  public void fourSums(long x, long step, long w, int k, long sums) {
    FloatVector a = all(0f);
    FloatVector b = a;
    FloatVector c = a;
    FloatVector d = a;
    FloatVector e = a;
    FloatVector f = a;
    FloatVector g = a;
    FloatVector h = a;
    if (V.apart()) {
      for (int i = 0; i < k / HALF; i++) {
        FloatVector v = V.half(block(w, i >> 1), i >> 1 & V.pieces() - 1, i & 1);
        long o = x + 64L * i;
        FloatVector s = v.fma(at(o), a);
        FloatVector t = v.fma(at(o + step), b);
        FloatVector u = v.fma(at(o + 2 * step), c);
        v = v.fma(at(o + 3 * step), d);
        a = e;
        b = f;
        c = g;
        d = h;
        e = s;
        f = t;
        g = u;
        h = v;
      }
    } else {
      for (int p = 0; p < k / PIECE; p++) {
        int piece = p & V.pieces() - 1;
        long block = block(w, p);
        IntVector q = V.codes(block, piece);
        FloatVector scale = V.scale(block, piece);
        FloatVector shift = V.shift(block, piece, scale);
        long o = x + 128L * p;
        FloatVector low = V.low(q, scale, shift);
        a = low.fma(at(o), a);
        b = low.fma(at(o + step), b);
        c = low.fma(at(o + 2 * step), c);
        d = low.fma(at(o + 3 * step), d);
        FloatVector high = V.high(q, scale, shift, block, piece);
        e = high.fma(at(o + 64), e);
        f = high.fma(at(o + step + 64), f);
        g = high.fma(at(o + 2 * step + 64), g);
        h = high.fma(at(o + 3 * step + 64), h);
      }
    }
    put(a.add(e), sums);
    put(b.add(f), sums + 64);
    put(c.add(g), sums + 128);
    put(d.add(h), sums + 192);
  }
}
