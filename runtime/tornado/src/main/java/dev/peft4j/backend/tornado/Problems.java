package dev.peft4j.backend.tornado;

import java.util.function.Function;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import uk.ac.manchester.tornado.api.exceptions.TornadoMemoryException;
import uk.ac.manchester.tornado.api.exceptions.TornadoOutOfMemoryException;

/** What TornadoVM reports, in a sentence that says what went wrong here. */
final class Problems {
  private static final Pattern TASK = Pattern.compile(GraphPlan.NAME + "\\.(k\\d+_\\d+)");

  /** TornadoVM writes in colours. */
  private static final Pattern COLOUR = Pattern.compile("\u001B\\[[0-9;]*m");

  /** What drivers answer when a device was unplugged, reset, or taken by its driver's end. */
  private static final Pattern LOST =
      Pattern.compile(
          "CL_DEVICE_NOT_AVAILABLE|CL_INVALID_(DEVICE|CONTEXT|COMMAND_QUEUE)\\b"
              + "|CUDA_ERROR_(DEINITIALIZED|DEVICE_UNAVAILABLE|CONTEXT_IS_DESTROYED|LAUNCH_FAILED)");

  /** What drivers answer when there is no memory left. */
  private static final Pattern FULL =
      Pattern.compile(
          "CL_(MEM_OBJECT_ALLOCATION_FAILURE|OUT_OF_RESOURCES|OUT_OF_HOST_MEMORY)"
              + "|CUDA_ERROR_OUT_OF_MEMORY|CUBLAS_STATUS_ALLOC_FAILED");

  private Problems() {}

  /**
   * The exception to throw for one of TornadoVM's.
   *
   * @param labels what a task computes, by its name
   */
  static RuntimeException explain(RuntimeException e, Function<String, @Nullable String> labels) {
    for (Throwable t = e; t != null; t = t.getCause()) {
      if (t instanceof TornadoOutOfMemoryException || t instanceof TornadoMemoryException) {
        return new DeviceMemoryException("the device is out of memory: " + firstLine(t), e);
      }
      Matcher full = FULL.matcher(String.valueOf(t.getMessage()));
      if (full.find()) {
        return new DeviceMemoryException(
            "the device is out of memory: its driver answers " + full.group(), e);
      }
      Matcher lost = LOST.matcher(String.valueOf(t.getMessage()));
      if (lost.find()) {
        return new DeviceException(
            "the device is lost: its driver answers "
                + lost.group()
                + "; what was trained on it since it was last saved is lost too: look after the"
                + " device, start the program again and resume from the last checkpoint",
            e);
      }
    }
    String text = String.valueOf(e.getMessage());
    Matcher m = TASK.matcher(text);
    String label = m.find() ? labels.apply(m.group(1)) : null;
    if (text.contains("Unable to compile")) {
      return notCompiled(label == null ? "a step" : label, reason(e), e);
    }
    return new DeviceException("TornadoVM failed on the device: " + reason(e), e);
  }

  /** True if it was the driver's compiler that failed, not TornadoVM's. */
  static boolean isOfDriver(RuntimeException e) {
    return String.valueOf(e.getMessage()).contains("code compilation with the OpenCL driver");
  }

  /** For a kernel that TornadoVM does not take into a graph. */
  static DeviceException notTaken(RuntimeException e, String label) {
    return notCompiled(label, firstLine(e), e);
  }

  private static DeviceException notCompiled(String label, String reason, RuntimeException e) {
    return new DeviceException(
        "TornadoVM could not compile the kernel of " + label + ": " + reason, e);
  }

  private static String reason(Throwable e) {
    Throwable root = e;
    while (root.getCause() != null) {
      root = root.getCause();
    }
    return root.getClass().getSimpleName() + ": " + firstLine(root);
  }

  private static String firstLine(Throwable t) {
    return COLOUR
        .matcher(String.valueOf(t.getMessage()))
        .replaceAll("")
        .lines()
        .limit(3)
        .reduce((a, b) -> a + " " + b)
        .orElse("");
  }
}
