package dev.peft4j.backend.cpu;

import dev.peft4j.backend.Backend;

/** The CPU backend as {@code -Dpeft4j.check=true} makes it. */
public final class CheckedCpu {
  private CheckedCpu() {}

  /** A new one. */
  public static Backend backend() {
    return new CpuBackend(Kernels::make, true);
  }
}
