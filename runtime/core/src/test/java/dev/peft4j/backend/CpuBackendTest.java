package dev.peft4j.backend;

import dev.peft4j.backend.cpu.CpuBackend;

/** The CPU backend against the reference. */
class CpuBackendTest extends BackendContract {
  @Override
  Backend backend() {
    return new CpuBackend();
  }
}
