package dev.peft4j.samples.bench;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.management.ManagementFactory;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
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

  /** Processor time, which waiting for other programs does not add to; a line may leave it out. */
  private static final String CPU = "step_cpu_ms";

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

  /** Returns the command that runs {@link Bench} without a peer. */
  static List<String> here() {
    return here(Bench.class);
  }

  /** Returns the command that runs a program with this one's properties, and more of them. */
  static List<String> here(Class<?> program, String... properties) {
    Path java = Path.of(System.getProperty("java.home"), "bin", "java");
    Stream<String> flags =
        ManagementFactory.getRuntimeMXBean().getInputArguments().stream()
            .filter(f -> !f.startsWith("-D" + Bench.PEER + "="));
    return Stream.of(
            Stream.of(java.toString()),
            flags,
            Stream.of(properties),
            Stream.of("-cp", System.getProperty("java.class.path"), program.getName()))
        .flatMap(s -> s)
        .toList();
  }

  private JsonNode turn(List<String> command) {
    String what = what(command);
    try {
      Path errors = Files.createTempFile("peft4j-bench", ".log");
      Process process = new ProcessBuilder(command).redirectError(errors.toFile()).start();
      String out =
          new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8).strip();
      int status = process.waitFor();
      List<String> said = Files.readAllLines(errors, StandardCharsets.ISO_8859_1);
      Files.delete(errors);
      if (status != 0) {
        String last = said.isEmpty() ? "" : ": " + said.getLast();
        throw new IllegalStateException(what + " ended with status " + status + last);
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

  /** A command in short, without a class path. */
  private static String what(List<String> command) {
    int path = command.indexOf("-cp");
    return String.join(" ", path < 0 ? command : command.subList(path + 2, command.size()));
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
    if (Stream.concat(ours.stream(), theirs.stream()).allMatch(l -> l.path(CPU).isNumber())) {
      double here = median(ours, CPU);
      double there = median(theirs, CPU);
      line.append(
          String.format(
              Locale.ROOT,
              ", \"%s\": %.4f, \"peer_%s\": %.4f, \"cpu_ratio\": %.2f",
              CPU,
              here,
              CPU,
              there,
              there / here));
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
