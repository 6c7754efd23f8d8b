package dev.peft4j.samples.gpu;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.peft4j.backend.Device;
import dev.peft4j.samples.bench.Bench;
import dev.peft4j.samples.golden.Golden;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;

/**
 * The checks of the archive, each on each device in a JVM of its own, so that one that dies is a
 * line of the report: golden cases, training steps, generated text. The report is a JSON file.
 */
public final class GpuChecks {
  private static final JsonMapper JSON = new JsonMapper();

  private final Path home;
  private final Path out;
  private final long deadline;
  private final ObjectNode report = JSON.createObjectNode();
  private final ArrayNode checks = JSON.createArrayNode();
  private boolean failed;

  private GpuChecks(Path home, Path out, int seconds) {
    this.home = home;
    this.out = out;
    this.deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(seconds);
  }

  /**
   * Runs the checks.
   *
   * @param args the archive's folder, the folder for the output, the seconds for all of it, and the
   *     names of checks or none for all. The status is 0 if all of them passed. Or {@code devices}
   *     to print the devices
   */
  public static void main(String[] args) throws IOException, InterruptedException {
    if (args[0].equals("devices")) {
      ArrayNode devices = JSON.createArrayNode();
      for (Device d : Device.all()) {
        ObjectNode one = devices.addObject().put("id", d.id()).put("name", d.name());
        one.put("type", d.type().name()).put("driver", d.driver()).put("memory", d.memory());
        one.put("free_memory", d.freeMemory()).put("library", d.library());
        ArrayNode precisions = one.putArray("precisions");
        d.precisions().forEach(p -> precisions.add(p.label()));
      }
      ObjectNode found = JSON.createObjectNode();
      found.set("devices", devices);
      ArrayNode missing = found.putArray("missing");
      Device.problems().forEach(missing::add);
      System.out.println(found);
      return;
    }
    GpuChecks all = new GpuChecks(Path.of(args[0]), Path.of(args[1]), Integer.parseInt(args[2]));
    List<String> wanted = List.of(args).subList(3, args.length);
    System.exit(all.run(wanted) ? 0 : 1);
  }

  private boolean run(List<String> wanted) throws IOException, InterruptedException {
    report.put("java", System.getProperty("java.version"));
    report.put("processors", Runtime.getRuntime().availableProcessors());
    report.set("checks", checks);
    int status = child("devices", 60, List.of(), GpuChecks.class, "devices");
    String last = lastLine(out.resolve("devices.txt"));
    if (status != 0 || !last.startsWith("{")) {
      report.put("problem", "the devices cannot be listed, see devices.txt; status " + status);
      failed = true;
    } else {
      JsonNode found = JSON.readTree(last);
      report.set("devices", found.path("devices"));
      report.set("missing", found.path("missing"));
      List<JsonNode> devices = new ArrayList<>();
      found.path("devices").forEach(devices::add);
      devices.removeIf(d -> d.path("id").asText().equals("cpu"));
      if (devices.isEmpty()) {
        report.put("problem", "there is no device but the CPU");
        failed = true;
      }
      for (JsonNode d : devices) {
        checks(d, wanted);
      }
    }
    report.put("passed", !failed);
    Files.writeString(
        out.resolve("report.json"),
        JSON.writerWithDefaultPrettyPrinter().writeValueAsString(report) + "\n");
    return !failed;
  }

  private void checks(JsonNode device, List<String> wanted)
      throws IOException, InterruptedException {
    String id = device.path("id").asText();
    List<String> precisions = new ArrayList<>();
    device.path("precisions").forEach(p -> precisions.add(p.asText()));
    if (wants(wanted, "generate")) {
      check(
          id,
          "generate",
          List.of(),
          GpuGenerate.class,
          home.resolve("stories260k").toString(),
          Files.readString(home.resolve("generated.txt")).strip());
    }
    for (String precision : precisions) {
      for (String workload : List.of("mlp", "minilm")) {
        if (wants(wanted, workload)) {
          check(
              id,
              workload + (precision.equals("float32") ? "" : "-" + precision),
              List.of(
                  "-Dpeft4j.precision=" + precision,
                  "-Dworkload=" + workload,
                  "-Dsteps=" + (workload.equals("mlp") ? 50 : 5)),
              Bench.class);
        }
      }
    }
    if (wants(wanted, "golden")) { // last: it takes longest
      check(id, "golden", List.of("-Dcases=" + home.resolve("golden")), Golden.class);
    }
  }

  private static boolean wants(List<String> wanted, String check) {
    return wanted.isEmpty() || wanted.contains(check);
  }

  private void check(
      String device, String name, List<String> flags, Class<?> main, String... arguments)
      throws IOException, InterruptedException {
    long left = TimeUnit.NANOSECONDS.toSeconds(deadline - System.nanoTime());
    ObjectNode line = checks.addObject().put("device", device).put("check", name);
    if (left < 5) {
      line.put("result", "not run: out of time");
      failed = true;
      return;
    }
    List<String> all = new ArrayList<>(flags);
    all.add("-Dpeft4j.device=" + device);
    String file = name + "-" + device.replace(':', '-');
    long start = System.nanoTime();
    int status = child(file, left, all, main, arguments);
    line.put("seconds", Math.round((System.nanoTime() - start) * 1e-8) / 10.0);
    line.put("status", status);
    String last = lastLine(out.resolve(file + ".txt"));
    if (last.startsWith("{")) {
      line.set("figures", JSON.readTree(last));
    } else {
      line.put("output", last);
    }
    line.put(
        "result",
        switch (status) {
          case 0 -> "passed";
          case TIMEOUT -> "not finished: out of time";
          case 139 -> "failed: the JVM died of SIGSEGV";
          case 137 -> "failed: the JVM was killed, perhaps for want of memory";
          default -> "failed, see " + file + ".txt";
        });
    failed |= status != 0;
    System.out.println(device + " " + name + ": " + line.path("result").asText());
  }

  private static final int TIMEOUT = -1;

  /** Runs a program with its output in a file, and returns its exit status. */
  private int child(
      String file, long seconds, List<String> flags, Class<?> main, String... arguments)
      throws IOException, InterruptedException {
    List<String> command = new ArrayList<>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    command.add("@" + out.resolve("flags"));
    command.addAll(List.of("--add-modules", "jdk.incubator.vector", "-XX:+UseSerialGC"));
    command.add("-XX:ErrorFile=" + out.resolve("hs_err-" + file + ".log"));
    command.add("-Dorg.slf4j.simpleLogger.defaultLogLevel=warn");
    command.addAll(flags);
    command.addAll(List.of("-cp", System.getProperty("java.class.path"), main.getName()));
    command.addAll(Arrays.asList(arguments));
    ProcessBuilder builder = new ProcessBuilder(command).redirectErrorStream(true);
    builder.redirectOutput(out.resolve(file + ".txt").toFile());
    Map<String, String> environment = builder.environment();
    environment.keySet().removeAll(List.of("JAVA_TOOL_OPTIONS", "JDK_JAVA_OPTIONS"));
    Process process = builder.start();
    if (!process.waitFor(seconds, TimeUnit.SECONDS)) {
      process.destroyForcibly().waitFor();
      return TIMEOUT;
    }
    return process.exitValue();
  }

  private static String lastLine(Path file) throws IOException {
    List<String> lines = Files.readAllLines(file).stream().filter(l -> !l.isBlank()).toList();
    return lines.isEmpty() ? "" : lines.getLast();
  }
}
