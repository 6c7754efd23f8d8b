package dev.peft4j.samples.bench;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class SideBySideTest {
  @TempDir Path folder;

  private List<String> printing(String name, String line) throws IOException {
    Path file = folder.resolve(name);
    Files.writeString(file, line);
    return List.of(
        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
        "-cp",
        System.getProperty("java.class.path"),
        Printer.class.getName(),
        file.toString());
  }

  /** Prints a file. */
  static final class Printer {
    public static void main(String[] args) throws IOException {
      System.out.println(Files.readString(Path.of(args[0])));
    }
  }

  private static String line(double step, double start, int memory) {
    return "{\"step_ms\": %s, \"start_to_first_step_s\": %s, \"peak_rss_mib\": %d}"
        .formatted(step, start, memory);
  }

  @Test
  void ratiosOfMedians() throws IOException {
    String summary =
        SideBySide.run(printing("here", line(4, 0.5, 100)), printing("there", line(10, 2, 400)), 2);
    JsonNode json = new ObjectMapper().readTree(summary);
    assertThat(json.get("rounds").intValue()).isEqualTo(2);
    assertThat(json.get("step_ms").doubleValue()).isEqualTo(4);
    assertThat(json.get("peer_step_ms").doubleValue()).isEqualTo(10);
    assertThat(json.get("speed_ratio").doubleValue()).isEqualTo(2.5);
    assertThat(json.get("start_ratio").doubleValue()).isEqualTo(0.25);
    assertThat(json.get("memory_ratio").doubleValue()).isEqualTo(0.25);
  }

  /** Processor time is compared where both lines have it. */
  @Test
  void processorTime() throws IOException {
    String here = "{\"step_cpu_ms\": 2, " + line(4, 0.5, 100).substring(1);
    String there = "{\"step_cpu_ms\": 3, " + line(4, 0.5, 100).substring(1);
    ObjectMapper json = new ObjectMapper();
    JsonNode both =
        json.readTree(SideBySide.run(printing("here", here), printing("there", there), 1));
    assertThat(both.get("cpu_ratio").doubleValue()).isEqualTo(1.5);
    JsonNode one =
        json.readTree(
            SideBySide.run(printing("here", here), printing("old", line(4, 0.5, 100)), 1));
    assertThat(one.has("cpu_ratio")).isFalse();
  }

  @Test
  void whatIsNoBenchIsSaid() throws IOException {
    List<String> here = printing("here", line(4, 0.5, 100));
    assertThatThrownBy(() -> SideBySide.run(here, printing("short", "{\"step_ms\": 1}"), 1))
        .isInstanceOf(IllegalStateException.class)
        .hasMessageContaining("printed no number start_to_first_step_s: {\"step_ms\": 1}");
    assertThatThrownBy(() -> SideBySide.run(here, List.of("java", "-no-such-flag"), 1))
        .isInstanceOf(IllegalStateException.class)
        .hasMessageStartingWith("java -no-such-flag ended with status 1: ");
    assertThatThrownBy(() -> SideBySide.run(here, List.of("no-such-program"), 1))
        .hasMessageStartingWith("no-such-program could not be run: ");
  }
}
