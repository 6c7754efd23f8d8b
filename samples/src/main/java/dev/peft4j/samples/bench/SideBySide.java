package dev.peft4j.samples.bench;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.management.ManagementFactory;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.stream.Stream;

/**
 * A comparison of a workload here and in a peer, run alternately under the same conditions: each
 * turn is a process of its own, which prints a line of JSON as {@link Bench} does. The result is
 * the ratio of the medians.
 */
final class SideBySide {
  /** The compared figures, as named in the lines. */
  private static final List<String> FIGURES =
      List.of("step_ms", "start_to_first_step_s", "peak_rss_mib");

  private final ObjectMapper json = new ObjectMapper();
  private final List<JsonNode> ours = new ArrayList<>();
  private final List<JsonNode> theirs = new ArrayList<>();

  private SideBySide() {}

  /**
   * Runs both alternately.
   *
   * @param here our command
   * @param peer the peer's
   * @return one line of JSON: medians of both, and the ratios of speed, memory and start-up time
   * @throws IllegalStateException if a turn fails or prints no such line
   */
  static String run(List<String> here, List<String> peer, int rounds) {
    SideBySide bench = new SideBySide();
    for (int i = 0; i < rounds; i++) {
      bench.ours.add(bench.turn(here));
      bench.theirs.add(bench.turn(peer));
    }
    return bench.summary(rounds);
  }

  /** Returns the command that runs this program without a peer. */
  static List<String> here() {
    Path java = Path.of(System.getProperty("java.home"), "bin", "java");
    Stream<String> flags =
        ManagementFactory.getRuntimeMXBean().getInputArguments().stream()
            .filter(f -> !f.startsWith("-D" + Bench.PEER + "="));
    return Stream.of(
            Stream.of(java.toString()),
            flags,
            Stream.of("-cp", System.getProperty("java.class.path"), Bench.class.getName()))
        .flatMap(s -> s)
        .toList();
  }

  private JsonNode turn(List<String> command) {
    String what = String.join(" ", command);
    try {
      Process process =
          new ProcessBuilder(command).redirectError(ProcessBuilder.Redirect.DISCARD).start();
      String out =
          new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8).strip();
      int status = process.waitFor();
      if (status != 0) {
        throw new IllegalStateException(what + " ended with status " + status);
      }
      JsonNode line = json.readTree(out);
      for (String figure : FIGURES) {
        if (!line.path(figure).isNumber()) {
          throw new IllegalStateException(what + " printed no number " + figure + ": " + out);
        }
      }
      System.err.println(line);
      return line;
    } catch (IOException e) {
      throw new UncheckedIOException(what + " could not be run: " + e.getMessage(), e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException(what + " was interrupted", e);
    }
  }

  private String summary(int rounds) {
    StringBuilder line = new StringBuilder();
    line.append(String.format(Locale.ROOT, "{\"rounds\": %d", rounds));
    for (String figure : FIGURES) {
      double here = median(ours, figure);
      double there = median(theirs, figure);
      line.append(
          String.format(
              Locale.ROOT,
              ", \"%s\": %.4f, \"peer_%s\": %.4f, \"%s\": %.2f",
              figure,
              here,
              figure,
              there,
              ratio(figure),
              figure.equals("step_ms") ? there / here : here / there));
    }
    return line.append('}').toString();
  }

  private static String ratio(String figure) {
    return switch (figure) {
      case "step_ms" -> "speed_ratio";
      case "start_to_first_step_s" -> "start_ratio";
      default -> "memory_ratio";
    };
  }

  private static double median(List<JsonNode> lines, String figure) {
    return Bench.median(lines.stream().mapToDouble(l -> l.get(figure).doubleValue()).toArray());
  }
}
