package dev.peft4j.integration;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Assumptions;

/** The Python that the environment variable PEFT4J_PYTHON names. */
final class Python {
  private Python() {}

  /** Skips the rest of a test if there is none with peft. */
  static Path withPeft() throws Exception {
    String python = System.getenv("PEFT4J_PYTHON");
    Assumptions.assumeTrue(
        python != null, "not compared with peft: PEFT4J_PYTHON names no Python that has it");
    try (var run =
        new Project.Run(
            Path.of("."), List.of(python, "-c", "import torch, peft, safetensors"), Map.of())) {
      String said = run.end();
      Assumptions.assumeTrue(run.exitCode() == 0, "not compared with peft: " + said);
    }
    return Path.of(python);
  }

  static String run(Path python, Path script, Path argument) throws Exception {
    List<String> command =
        List.of(python.toString(), "-W", "ignore", script.toString(), argument.toString());
    try (var run = new Project.Run(script.getParent(), command, Map.of())) {
      String said = run.end();
      assertThat(run.exitCode()).as(said).isZero();
      return said;
    }
  }
}
