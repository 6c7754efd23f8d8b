package dev.peft4j.backend.tornado;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import dev.peft4j.data.Storage;
import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandle;
import java.lang.ref.WeakReference;
import java.util.HashMap;
import java.util.Map;
import java.util.WeakHashMap;
import org.jspecify.annotations.Nullable;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;

/**
 * The host's side of the buffers. TornadoVM wants memory of the host for each buffer, though what a
 * program computes on the way never comes there: it is taken from the system untouched, so that it
 * costs nothing. Frozen weights, in the form that the device wants, are one copy for all programs.
 */
final class HostMemory implements AutoCloseable {
  private static final int HEADER = 16;

  /** Smaller arrays are not worth a call of the system. */
  private static final int SMALL = 1 << 16;

  private static final MethodHandle CALLOC = function("calloc", true);
  private static final MethodHandle FREE = function("free", false);

  /** A copy of a weight; the array itself lives as long as a program uses it. */
  private record Copy(WeakReference<FloatArray> array, int version) {}

  private final Map<Storage, Map<Object, Copy>> copies = new WeakHashMap<>();

  private static MethodHandle function(String name, boolean allocates) {
    Linker linker = Linker.nativeLinker();
    return linker.downcallHandle(
        linker.defaultLookup().findOrThrow(name),
        allocates
            ? FunctionDescriptor.of(ADDRESS, JAVA_LONG, JAVA_LONG)
            : FunctionDescriptor.ofVoid(ADDRESS));
  }

  /** Zeros, at least one. */
  static FloatArray floats(int n) {
    if (n < SMALL) {
      return new FloatArray(Math.max(1, n));
    }
    long bytes = HEADER + (long) n * Float.BYTES;
    try {
      MemorySegment s = (MemorySegment) CALLOC.invokeExact(1L, bytes);
      if (s.address() == 0) {
        throw new OutOfMemoryError("no " + (bytes >> 20) + " MiB of memory for a buffer");
      }
      return FloatArray.fromSegmentShallow(s.reinterpret(bytes, Arena.ofAuto(), HostMemory::free));
    } catch (RuntimeException | Error e) {
      throw e;
    } catch (Throwable e) {
      throw new IllegalStateException("calloc cannot be called", e);
    }
  }

  private static void free(MemorySegment s) {
    try {
      FREE.invokeExact(s);
    } catch (Throwable e) {
      throw new IllegalStateException("free cannot be called", e);
    }
  }

  /**
   * The copy of a weight in a form, or null if there is none of what the storage contains now.
   *
   * @param form says in which order the numbers are
   */
  @Nullable FloatArray copy(Storage weight, Object form) {
    Map<Object, Copy> forms = copies.get(weight);
    Copy c = forms == null ? null : forms.get(form);
    return c == null || c.version != weight.version() ? null : c.array.get();
  }

  /** Keeps a copy for other programs. */
  void keep(Storage weight, Object form, FloatArray array) {
    copies
        .computeIfAbsent(weight, k -> new HashMap<>())
        .put(form, new Copy(new WeakReference<>(array), weight.version()));
  }

  /** Bytes of the copies of weights that programs use. */
  long bytes() {
    long sum = 0;
    for (Map<Object, Copy> forms : copies.values()) {
      for (Copy c : forms.values()) {
        FloatArray array = c.array.get();
        sum += array == null ? 0 : (long) array.getSize() * Float.BYTES;
      }
    }
    return sum;
  }

  /** Forgets the copies; programs that use one keep it. */
  @Override
  public void close() {
    copies.clear();
  }
}
