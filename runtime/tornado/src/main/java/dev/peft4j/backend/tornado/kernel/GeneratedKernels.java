package dev.peft4j.backend.tornado.kernel;

import java.lang.ref.ReferenceQueue;
import java.lang.ref.WeakReference;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * The generated kernels of this JVM, which all backends share. The {@link #MAX_KEPT} that were
 * asked for last are kept; of others, those that a plan still uses are found here, and the classes
 * of the rest are unloaded.
 */
public final class GeneratedKernels {
  /** Kernels that are kept though nothing uses them: some models' worth. */
  static final int MAX_KEPT = 1024;

  private static final GeneratedKernels OF_JVM = new GeneratedKernels(MAX_KEPT);

  private static final class Defined extends WeakReference<Object> {
    final GeneratedKernel kernel;

    Defined(GeneratedKernel kernel, Object code, ReferenceQueue<Object> unused) {
      super(code, unused);
      this.kernel = kernel;
    }
  }

  private final int maxKept;
  private final Map<GeneratedKernel, Defined> all = new HashMap<>();
  private final Map<GeneratedKernel, Object> kept = new LinkedHashMap<>(16, 0.75f, true);
  private final ReferenceQueue<Object> unused = new ReferenceQueue<>();

  GeneratedKernels(int maxKept) {
    this.maxKept = maxKept;
  }

  /** Returns the code of a kernel, an instance of TornadoVM's {@code TaskN}; it is defined once. */
  public static Object of(GeneratedKernel kernel) {
    return OF_JVM.get(kernel);
  }

  synchronized Object get(GeneratedKernel kernel) {
    forgetUnused();
    Defined there = all.get(kernel);
    Object code = there == null ? null : there.get();
    if (code == null) {
      code = kernel.define();
      all.put(kernel, new Defined(kernel, code, unused));
    }
    kept.put(kernel, code);
    if (kept.size() > maxKept) {
      kept.remove(kept.keySet().iterator().next());
    }
    return code;
  }

  /** Returns the number of kernels that are kept or used. */
  synchronized int size() {
    forgetUnused();
    return all.size();
  }

  private void forgetUnused() {
    for (@Nullable Object r = unused.poll(); r != null; r = unused.poll()) {
      if (r instanceof Defined d) {
        all.remove(d.kernel, d);
      }
    }
  }
}
