package dev.peft4j.samples.gpu;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assumptions.assumeThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What {@code -Pgpu-pack} packs runs by itself on the devices of this machine. */
class GpuPackTest {
  @TempDir Path folder;

  @Test
  void thePackedFolderRunsItsChecks() throws Exception {
    assumeThat(GpuPack.class.getResource("/dev/peft4j/backend/tornado/JvmFlags.class"))
        .as("needs TornadoVM")
        .isNotNull();
    Path packed = folder.resolve("packed");
    GpuPack.pack(packed);
    try (var cases = Files.list(packed.resolve("golden"))) {
      assertThat(cases.toList()).hasSizeBetween(20, 30);
    }
    Path out = folder.resolve("out");
    ProcessBuilder builder =
        new ProcessBuilder(packed.resolve("on-gpu.sh").toString(), "generate")
            .redirectErrorStream(true)
            .redirectOutput(folder.resolve("log").toFile());
    builder.environment().put("OUT", out.toString());
    builder.environment().remove("TORNADOVM_HOME");
    builder.environment().put("PATH", "/usr/bin:/bin"); // the Java is the packed one
    Process process = builder.start();
    assertThat(process.waitFor(5, TimeUnit.MINUTES)).isTrue();
    JsonNode report = new JsonMapper().readTree(out.resolve("report.json").toFile());
    assertThat(process.exitValue()).as(Files.readString(folder.resolve("log")) + report).isZero();
    assertThat(report.path("passed").booleanValue()).isTrue();
    JsonNode check = report.path("checks").path(0);
    assertThat(check.path("check").asText()).isEqualTo("generate");
    assertThat(check.path("figures").path("tokens").asInt()).isEqualTo(60);
    assertThat(check.path("figures").path("tokens_per_s").asDouble()).isPositive();
    assertThat(report.path("devices").findValuesAsText("id")).contains("cpu", "tornado:0");
  }

  @Test
  void aCheckThatFailsIsSaid() throws Exception {
    // without flags there are no devices: whatever goes wrong is a line of the report
    Path out = Files.createDirectories(folder.resolve("out"));
    Files.writeString(out.resolve("flags"), "-Dno=flags");
    Process process =
        new ProcessBuilder(
                List.of(
                    Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                    "-cp",
                    System.getProperty(
                        "surefire.test.class.path", System.getProperty("java.class.path")),
                    GpuChecks.class.getName(),
                    folder.toString(),
                    out.toString(),
                    "60"))
            .start();
    assertThat(process.waitFor()).isEqualTo(1);
    JsonNode report = new JsonMapper().readTree(out.resolve("report.json").toFile());
    assertThat(report.path("passed").booleanValue()).isFalse();
    assertThat(report.path("problem").asText()).isEqualTo("there is no device but the CPU");
    assertThat(report.path("devices").findValuesAsText("id")).containsExactly("cpu");
  }
}
