package dev.peft4j.data;

import java.lang.foreign.ValueLayout;
import java.util.List;

/** Numbers in encodings that tests make, also in those that can only be read. */
public final class RandomCodes {
  private static final float MOST = 4;

  private RandomCodes() {}

  /** Encodings that the class path has, and those of bitsandbytes with other sizes. */
  public static List<Encoding> encodings() {
    List<Encoding> all = new java.util.ArrayList<>(Encodings.all());
    all.add(new Nf4(128, false));
    all.add(new Nf4(64, true));
    all.add(new Fp4(32, true));
    return all;
  }

  /**
   * Returns {@code n} numbers: normal ones where they can be encoded, else random bytes whose
   * numbers are moderate.
   */
  public static Storage of(Encoding encoding, int n) {
    if (encoding.encodes()) {
      return Storage.of(new Rng(n).normal(n, 0, 1)).copyAs(encoding);
    }
    Rng rng = new Rng(n);
    Storage one = Storage.allocate(encoding, encoding.blockValues());
    Storage all = Storage.allocate(encoding, n);
    for (long b = 0; b < encoding.blocks(n); ) {
      for (int i = 0; i < encoding.blockBytes(); i++) {
        one.segment().set(ValueLayout.JAVA_BYTE, i, (byte) rng.nextLong());
      }
      float most = 0;
      for (float x : one.toFloats()) {
        most = Float.isFinite(x) ? Math.max(most, Math.abs(x)) : Float.POSITIVE_INFINITY;
      }
      if (most > 1 / MOST && most < MOST) {
        all.segment()
            .asSlice(b++ * encoding.blockBytes(), encoding.blockBytes())
            .copyFrom(one.segment().asSlice(0, encoding.blockBytes()));
      }
    }
    return all;
  }
}
