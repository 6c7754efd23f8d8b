package dev.peft4j.random;

/** NumPy's {@code SeedSequence}: mixes a seed into a pool of four words, and words out of that. */
final class SeedSequence {
  private static final int POOL = 4;
  private static final int INIT_A = 0x43b0d7e5;
  private static final int MULT_A = 0x931e8875;
  private static final int INIT_B = 0x8b51f9dd;
  private static final int MULT_B = 0x58f38ded;
  private static final int MIX_LEFT = 0xca01f9dd;
  private static final int MIX_RIGHT = 0x4973f715;
  private static final int SHIFT = 16;
  private static final long UNSIGNED = 0xffffffffL;

  private int constant = INIT_A;

  private SeedSequence() {}

  /** Returns the four words of 64 bits that PCG64 starts from. */
  static long[] words(long seed) {
    int[] pool = new SeedSequence().pool(seed);
    int constant = INIT_B;
    long[] words = new long[POOL];
    for (int i = 0; i < 2 * POOL; i++) {
      int value = pool[i % POOL] ^ constant;
      constant *= MULT_B;
      value *= constant;
      value ^= value >>> SHIFT;
      words[i / 2] |= (value & UNSIGNED) << (i % 2 * Integer.SIZE);
    }
    return words;
  }

  private int[] pool(long seed) {
    int[] pool = new int[POOL];
    for (int i = 0; i < POOL; i++) {
      pool[i] = hash(i == 0 ? (int) seed : i == 1 ? (int) (seed >>> Integer.SIZE) : 0);
    }
    for (int from = 0; from < POOL; from++) {
      for (int to = 0; to < POOL; to++) {
        if (from != to) {
          int mixed = MIX_LEFT * pool[to] - MIX_RIGHT * hash(pool[from]);
          pool[to] = mixed ^ mixed >>> SHIFT;
        }
      }
    }
    return pool;
  }

  private int hash(int word) {
    int value = word ^ constant;
    constant *= MULT_A;
    value *= constant;
    return value ^ value >>> SHIFT;
  }
}
