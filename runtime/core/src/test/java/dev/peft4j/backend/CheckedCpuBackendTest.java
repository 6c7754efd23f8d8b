package dev.peft4j.backend;

import dev.peft4j.backend.cpu.CheckedCpu;

/** All contracts once more, each write of each kernel being verified. */
class CheckedCpuBackendTest extends BackendContract {
  @Override
  Backend backend() {
    return CheckedCpu.backend();
  }
}
