package dev.peft4j.backend.tornado;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * Gives the JVM its signal handlers back after native code has put others in their place.
 *
 * <p>A driver that compiles with LLVM in the process (PoCL) installs LLVM's handlers at its first
 * compilation, or when its devices are first listed. HotSpot stops threads by SIGSEGV, and LLVM's
 * handler takes that for a crash: it deletes the files being written, and the compilation fails; of
 * two threads that are stopped at once, the second one's signal ends the process without a message.
 * LLVM installs its handlers once, so they are gone for good when the JVM's are back.
 */
final class Signals {
  private static final ReentrantLock LOCK = new ReentrantLock();

  /** More than any {@code struct sigaction} has. */
  private static final long ACTION_BYTES = 512;

  /** The highest signal that is kept. */
  static final int SIGNALS = 31;

  /** {@code int sigaction(int signal, const struct sigaction *new, struct sigaction *old)}. */
  private static final @Nullable MethodHandle SIGACTION = sigaction();

  private Signals() {}

  private static @Nullable MethodHandle sigaction() {
    Linker linker = Linker.nativeLinker();
    return linker
        .defaultLookup()
        .find("sigaction")
        .map(
            address ->
                linker.downcallHandle(
                    address,
                    FunctionDescriptor.of(
                        ValueLayout.JAVA_INT,
                        ValueLayout.JAVA_INT,
                        ValueLayout.ADDRESS,
                        ValueLayout.ADDRESS)))
        .orElse(null); // Windows has none
  }

  /** Runs something, after which the handlers are those from before. */
  static <T> T keep(Supplier<T> body) {
    MethodHandle sigaction = SIGACTION;
    if (sigaction == null) {
      return body.get();
    }
    LOCK.lock();
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment[] actions = new MemorySegment[SIGNALS + 1];
      for (int s = 1; s <= SIGNALS; s++) {
        MemorySegment action = arena.allocate(ACTION_BYTES);
        if (call(sigaction, s, MemorySegment.NULL, action)) {
          actions[s] = action;
        }
      }
      try {
        return body.get();
      } finally {
        for (int s = 1; s <= SIGNALS; s++) {
          if (actions[s] != null) {
            // SIGKILL and SIGSTOP cannot be set, and need not be
            call(sigaction, s, actions[s], MemorySegment.NULL);
          }
        }
      }
    } finally {
      LOCK.unlock();
    }
  }

  /** The address of what handles a signal, for tests; 0 where there is no such function. */
  static long handler(int signal) {
    MethodHandle sigaction = SIGACTION;
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment action = arena.allocate(ACTION_BYTES, Long.BYTES);
      boolean known = sigaction != null && call(sigaction, signal, MemorySegment.NULL, action);
      return known ? action.get(ValueLayout.JAVA_LONG, 0) : 0; // the struct's first field
    }
  }

  private static boolean call(
      MethodHandle sigaction, int signal, MemorySegment set, MemorySegment get) {
    try {
      return (int) sigaction.invokeExact(signal, set, get) == 0;
    } catch (Throwable e) {
      throw new IllegalStateException("sigaction failed", e);
    }
  }
}
