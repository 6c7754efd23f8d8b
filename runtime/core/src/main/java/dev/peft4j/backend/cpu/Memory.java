package dev.peft4j.backend.cpu;

import dev.peft4j.Peft4jException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import org.jspecify.annotations.Nullable;

/**
 * All of this process's memory as one segment, so that kernels can work on plain addresses without
 * an object for each block. Nothing here checks an address: the planner did, and a wrong one ends
 * the process.
 */
@SuppressWarnings("restricted")
final class Memory {
  /**
   * From address 0 to the end; unusable (and empty) where native access is denied, see {@link
   * #requireAccess()}.
   */
  static final MemorySegment ALL;

  private static final @Nullable String DENIED;

  // Unaligned layouts skip the alignment test of an access; on aligned addresses they cost nothing.
  private static final ValueLayout.OfFloat FLOAT = ValueLayout.JAVA_FLOAT_UNALIGNED;
  private static final ValueLayout.OfShort SHORT_BITS = ValueLayout.JAVA_SHORT_UNALIGNED;
  private static final ValueLayout.OfInt INT = ValueLayout.JAVA_INT_UNALIGNED;
  private static final ValueLayout.OfLong LONG = ValueLayout.JAVA_LONG_UNALIGNED;

  /** Fewer elements are copied one by one. */
  private static final int SHORT = 8;

  static {
    MemorySegment all = MemorySegment.NULL;
    String denied = null;
    try {
      all = MemorySegment.NULL.reinterpret(Long.MAX_VALUE);
    } catch (IllegalCallerException e) {
      denied = "native memory access is denied to this program: start Java with " + flag();
    }
    ALL = all;
    DENIED = denied;
  }

  private Memory() {}

  /**
   * Checks that addresses can be used; called before the first use. The class initialiser itself
   * must not throw, or the second caller would see a {@link NoClassDefFoundError} in place of the
   * reason.
   *
   * @throws Peft4jException if native access is denied; names the missing flag
   */
  static void requireAccess() {
    if (DENIED != null) {
      throw new Peft4jException(DENIED);
    }
  }

  /** The option that grants native access to the code of this package. */
  static String flag() {
    Module module = Memory.class.getModule();
    return "--enable-native-access=" + (module.isNamed() ? module.getName() : "ALL-UNNAMED");
  }

  static float get(long address) {
    return ALL.get(FLOAT, address);
  }

  static void set(long address, float value) {
    ALL.set(FLOAT, address, value);
  }

  /** Copies {@code n} floats into an array. */
  static void read(long address, float[] to, int n) {
    if (n < SHORT) {
      for (int i = 0; i < n; i++) {
        to[i] = get(address + 4L * i);
      }
    } else {
      MemorySegment.copy(ALL, FLOAT, address, to, 0, n);
    }
  }

  /** Copies the first {@code n} floats of an array. */
  static void write(float[] from, long address, int n) {
    if (n < SHORT) {
      for (int i = 0; i < n; i++) {
        set(address + 4L * i, from[i]);
      }
    } else {
      MemorySegment.copy(from, 0, ALL, FLOAT, address, n);
    }
  }

  static byte getByte(long address) {
    return ALL.get(java.lang.foreign.ValueLayout.JAVA_BYTE, address);
  }

  static short getShort(long address) {
    return ALL.get(SHORT_BITS, address);
  }

  static int getInt(long address) {
    return ALL.get(INT, address);
  }

  static void setInt(long address, int value) {
    ALL.set(INT, address, value);
  }

  static long getLong(long address) {
    return ALL.get(LONG, address);
  }

  static void setLong(long address, long value) {
    ALL.set(LONG, address, value);
  }
}
