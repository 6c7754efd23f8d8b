package dev.peft4j.backend.cpu;

import dev.peft4j.data.Encoding;
import dev.peft4j.data.Shape;
import dev.peft4j.graph.Op;
import java.util.List;
import java.util.ServiceLoader;
import org.jspecify.annotations.Nullable;

/**
 * Kernels that compute with the codes of an encoding; found by {@link ServiceLoader}
 * ({@code @AutoService(CodedKernels.class)}), so that those of a further encoding are one file.
 * They are for speed and memory only: without them a weight is decoded before it is used.
 */
interface CodedKernels {
  /**
   * Returns true if a kernel reads input {@code i} of {@code op}, a weight that is not trained, in
   * this encoding.
   *
   * @param inputs shapes of all inputs
   */
  boolean reads(Op op, int i, Encoding encoding, Shape[] inputs);

  /** Returns the kernel of a step with an input for which {@link #reads} holds. */
  Kernel make(Kernel.Site site);

  /** Returns what has a kernel that reads an input in codes, or null if there is none. */
  static @Nullable CodedKernels of(Op op, int i, Encoding encoding, Shape[] inputs) {
    for (CodedKernels k : Found.ALL) {
      if (k.reads(op, i, encoding, inputs)) {
        return k;
      }
    }
    return null;
  }

  /** Looked for when a program has the first weight in codes. */
  final class Found {
    private static final List<CodedKernels> ALL =
        ServiceLoader.load(CodedKernels.class, CodedKernels.class.getClassLoader()).stream()
            .map(ServiceLoader.Provider::get)
            .toList();

    private Found() {}
  }
}
