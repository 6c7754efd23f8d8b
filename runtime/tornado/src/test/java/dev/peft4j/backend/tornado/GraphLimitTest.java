package dev.peft4j.backend.tornado;

import static org.assertj.core.api.Assertions.assertThat;

import dev.peft4j.backend.Backends;
import dev.peft4j.data.Rng;
import dev.peft4j.nn.Parameter;
import dev.peft4j.optim.AdamW;
import dev.peft4j.tensor.Tensor;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Graphs of TornadoVM that name more buffers than it lets them by itself. */
class GraphLimitTest {
  @Test
  void theInstalledClassIsCopiedWithALargerNumber(@TempDir Path folder) throws IOException {
    Path home = Objects.requireNonNull(JvmFlags.home());
    List<String> flags = GraphLimit.raise(home, folder);
    assertThat(flags)
        .containsExactly(
            "--patch-module=tornado.runtime=" + folder, "-Dpeft4j.tornado.nodes=16384");
    try (var files = Files.walk(folder)) {
      assertThat(files.filter(Files::isRegularFile))
          .singleElement()
          .asString()
          .endsWith("TornadoGraph.class");
    }
    assertThat(JvmFlags.of(home, folder)).containsAll(JvmFlags.of(home)).containsAll(flags);
  }

  @Test
  void aTornadoVmThatIsMadeOtherwiseKeepsItsLimit(@TempDir Path home) throws IOException {
    Files.createDirectories(home.resolve("share/java/tornado"));
    assertThat(GraphLimit.raise(home, home.resolve("changed"))).isEmpty();
    assertThat(home.resolve("changed")).doesNotExist();
  }

  @Test
  void manyParametersTrainAndComeBack() {
    assertThat(GraphLimit.nodes()).as("this JVM has the flags").isEqualTo(16384);
    List<float[]> cpu = Backends.with(Backends.named("cpu"), GraphLimitTest::train);
    List<float[]> device = Backends.with(Backends.named("tornado"), GraphLimitTest::train);
    for (int i = 0; i < cpu.size(); i++) {
      assertThat(device.get(i))
          .as("parameter " + i)
          .containsExactly(cpu.get(i), org.assertj.core.api.Assertions.withPrecision(1e-5f));
    }
  }

  /** 400 parameters: 1,200 states, which are changed by the host between two steps, too. */
  private static List<float[]> train() {
    Rng rng = new Rng(3);
    List<Parameter> all = new ArrayList<>();
    for (int i = 0; i < 400; i++) {
      all.add(new Parameter(rng.normal(4, 0, 1), 4));
    }
    AdamW optimizer = AdamW.of(all, 1e-2f);
    for (int step = 0; step < 4; step++) {
      Tensor sum = Tensor.zeros(4);
      for (Parameter p : all) {
        sum = sum.add(p.mul(p));
      }
      sum.mean().backward();
      optimizer.step();
      if (step == 1) {
        all.get(7).set(1, 2, 3, 4);
      }
    }
    return all.stream().map(p -> p.own().toFloats()).toList();
  }
}
