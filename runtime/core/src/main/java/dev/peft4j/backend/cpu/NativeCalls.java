package dev.peft4j.backend.cpu;

import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandle;

/**
 * Calls of native functions whose arguments and results are integers and addresses, of whatever
 * width. Every calling convention that Java links to passes these alike, and lets a function ignore
 * arguments it does not have, so one handle serves all: each further signature is some twenty
 * classes that Java makes and compiles at run time, while the first step waits.
 */
@SuppressWarnings("restricted")
final class NativeCalls {
  /** The largest number of arguments of a function. */
  private static final int MAX_ARGUMENTS = 9;

  private static final MethodHandle CALL =
      Linker.nativeLinker()
          .downcallHandle(
              FunctionDescriptor.of(
                  JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_LONG,
                  JAVA_LONG, JAVA_LONG, JAVA_LONG));

  private NativeCalls() {}

  /** The result, of which the caller casts what the function defines. */
  static long call(MemorySegment function, long... arguments) {
    if (arguments.length > MAX_ARGUMENTS) {
      throw new IllegalArgumentException(arguments.length + " arguments, at most " + MAX_ARGUMENTS);
    }
    long[] a = java.util.Arrays.copyOf(arguments, MAX_ARGUMENTS);
    return call(function, a[0], a[1], a[2], a[3], a[4], a[5], a[6], a[7], a[8]);
  }

  /** The same for two arguments, allocating nothing. */
  static long call(MemorySegment function, long a, long b) {
    return call(function, a, b, 0, 0, 0, 0, 0, 0, 0);
  }

  /** The same for four arguments, allocating nothing. */
  static long call(MemorySegment function, long a, long b, long c, long d) {
    return call(function, a, b, c, d, 0, 0, 0, 0, 0);
  }

  private static long call(
      MemorySegment function,
      long a,
      long b,
      long c,
      long d,
      long e,
      long f,
      long g,
      long h,
      long i) {
    try {
      return (long) CALL.invokeExact(function, a, b, c, d, e, f, g, h, i);
    } catch (Throwable t) {
      throw new AssertionError("a native call does not throw", t);
    }
  }
}
