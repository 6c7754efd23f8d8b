package dev.peft4j.backend.cublas;

import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemoryLayout;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandle;
import java.util.Arrays;
import java.util.Collections;

/**
 * Calls of functions whose arguments are integers and addresses, of whatever width, and whose
 * result is a status: on 64-bit systems with CUDA these are passed alike, and a function does not
 * see arguments that it does not have. So one signature serves all.
 */
final class Native {
  /** The largest number of arguments: those of the strided batched product. */
  static final int MAX_ARGUMENTS = 23;

  /** The signature that all calls have. */
  static final FunctionDescriptor SIGNATURE =
      FunctionDescriptor.of(
          JAVA_LONG, Collections.nCopies(MAX_ARGUMENTS, JAVA_LONG).toArray(MemoryLayout[]::new));

  private static final MethodHandle CALL =
      Linker.nativeLinker().downcallHandle(SIGNATURE).asSpreader(1, long[].class, MAX_ARGUMENTS);

  private Native() {}

  /** Returns the status that a function gives. */
  static int call(MemorySegment function, long... arguments) {
    try {
      return (int) (long) CALL.invokeExact(function, Arrays.copyOf(arguments, MAX_ARGUMENTS));
    } catch (Throwable t) {
      throw new AssertionError("a native call does not throw", t);
    }
  }
}
