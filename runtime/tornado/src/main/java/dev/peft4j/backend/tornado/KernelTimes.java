package dev.peft4j.backend.tornado;

import java.util.HashMap;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Reads the times of kernels in what TornadoVM's profiler writes, a JSON object an execution. */
final class KernelTimes {
  private static final Pattern TASK =
      Pattern.compile("\"" + GraphPlan.NAME + "\\.([^\"]+)\": \\{([^}]*)}");
  private static final Pattern TIME = Pattern.compile("\"TASK_KERNEL_TIME\": \"(\\d+)\"");

  private KernelTimes() {}

  /** Nanoseconds of each task in the last object of {@code log}. */
  static Map<String, Long> ofLast(String log) {
    Map<String, Long> times = new HashMap<>();
    Matcher task = TASK.matcher(log.substring(Math.max(0, log.lastIndexOf("\n{"))));
    while (task.find()) {
      Matcher time = TIME.matcher(task.group(2));
      if (time.find()) {
        times.put(task.group(1), Long.parseLong(time.group(1)));
      }
    }
    return times;
  }
}
