package dev.peft4j.backend.tornado.kernel;

/**
 * All that the code of a generated kernel depends on; equal ones are one kernel. The hash is asked
 * for with each call, so records are the natural form.
 */
public interface GeneratedKernel {
  /**
   * Defines the kernel's class, by {@link KernelWriter}.
   *
   * @return an instance of the {@code TaskN} that calls it
   */
  Object define();
}
