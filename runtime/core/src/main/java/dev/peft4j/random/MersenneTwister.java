package dev.peft4j.random;

/** The generator MT19937 of Matsumoto and Nishimura (1998), seeded by a whole number. */
final class MersenneTwister {
  private static final int N = 624;
  private static final int M = 397;
  private static final int UPPER = 0x80000000;

  private final int[] state = new int[N];
  private int next = N;
  private long position;

  MersenneTwister(int seed) {
    state[0] = seed;
    for (int i = 1; i < N; i++) {
      int before = state[i - 1];
      state[i] = 1812433253 * (before ^ (before >>> 30)) + i;
    }
  }

  /** Returns the next 32 random bits. */
  int nextInt() {
    if (next == N) {
      twist();
    }
    position++;
    int y = state[next++];
    y ^= y >>> 11;
    y ^= (y << 7) & 0x9d2c5680;
    y ^= (y << 15) & 0xefc60000;
    return y ^ (y >>> 18);
  }

  /** Returns how many numbers have been drawn. */
  long position() {
    return position;
  }

  private void twist() {
    for (int i = 0; i < N; i++) {
      int y = (state[i] & UPPER) | (state[(i + 1) % N] & ~UPPER);
      state[i] = state[(i + M) % N] ^ (y >>> 1) ^ ((y & 1) * 0x9908b0df);
    }
    next = 0;
  }
}
