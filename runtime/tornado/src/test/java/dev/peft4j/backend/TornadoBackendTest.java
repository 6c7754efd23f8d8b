package dev.peft4j.backend;

import dev.peft4j.backend.cases.OpCase;
import java.util.List;
import java.util.stream.IntStream;

/** The TornadoVM backend against the reference, on TornadoVM's first device. */
class TornadoBackendTest extends BackendContract {
  @Override
  Backend backend() {
    return Device.of("tornado").backend();
  }

  /**
   * Each case compiles a dozen kernels, and there are 1,800: one of 48 is run, all with {@code
   * -Dpeft4j.tornado.every=1}.
   */
  @Override
  List<OpCase> chosen(List<OpCase> group) {
    int every = Integer.getInteger("peft4j.tornado.every", 48);
    return IntStream.range(0, group.size())
        .filter(i -> i % every == 0)
        .mapToObj(group::get)
        .toList();
  }

  @Override
  int linearLayers() {
    return 1;
  }

  /** Each of them compiles dozens of kernels. */
  @Override
  int randomPrograms() {
    return Integer.getInteger("peft4j.tornado.randomPrograms", 2);
  }
}
