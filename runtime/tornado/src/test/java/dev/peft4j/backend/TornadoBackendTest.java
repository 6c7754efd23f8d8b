package dev.peft4j.backend;

/** The TornadoVM backend against the reference, on TornadoVM's first device. */
class TornadoBackendTest extends BackendContract {
  @Override
  Backend backend() {
    return Device.of("tornado").backend();
  }
}
