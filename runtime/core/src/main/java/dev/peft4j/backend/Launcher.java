package dev.peft4j.backend;

import java.io.File;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.lang.reflect.InvocationTargetException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.OptionalInt;
import org.jspecify.annotations.Nullable;

/**
 * A starter of programs that adds the JVM flags that the chosen device needs: {@code java -cp …
 * -Dpeft4j.device=tornado dev.peft4j.backend.Launcher MainClass arguments}. If this JVM has them
 * (the CPU needs none), the program runs in it; otherwise in another JVM with the same flags, class
 * path, input and output.
 */
public final class Launcher {
  /** The script that has started this JVM, if one has; it starts another one alike. */
  private static final String START = "peft4j.start";

  /** Where that script has put the real standard error; it says so again. */
  private static final String STDERR = "-Dpeft4j.stderr=";

  private Launcher() {}

  /** Runs the program whose main class is {@code args[0]}; the others are its arguments. */
  public static void main(String[] args) throws Throwable {
    if (args.length == 0) {
      throw new IllegalArgumentException("usage: Launcher MainClass [arguments]");
    }
    String[] rest = Arrays.copyOfRange(args, 1, args.length);
    OptionalInt ended;
    try {
      ended = relaunch(Device.chosenName(), args[0], rest);
    } catch (IllegalStateException e) {
      System.err.println(e.getMessage());
      System.exit(1);
      return;
    }
    if (ended.isPresent()) {
      System.exit(ended.getAsInt());
    }
    try {
      Class.forName(args[0]).getMethod("main", String[].class).invoke(null, (Object) rest);
    } catch (InvocationTargetException e) {
      throw e.getCause();
    }
  }

  /** The flags that the device of a name needs and this JVM lacks. */
  private static List<String> missingFlags(@Nullable String device) {
    DeviceProvider provider = device == null ? null : Device.provider(device.split(":", 2)[0]);
    return provider == null ? List.of() : provider.missingJvmFlags();
  }

  /**
   * Runs a program in a JVM that has the flags of a device, if this one lacks some. The other
   * flags, class path, input and output are the same. It is terminated when this JVM is.
   *
   * @param device a device's name; null for the default one
   * @return the program's exit code; empty if this JVM has what the device needs, so that nothing
   *     was done
   * @throws IllegalStateException if the device's driver is not installed, saying how to get it
   */
  public static OptionalInt relaunch(@Nullable String device, String mainClass, String... args)
      throws IOException, InterruptedException {
    List<String> missing = missingFlags(device == null ? Device.chosenName() : device);
    if (missing.isEmpty()) {
      return OptionalInt.empty();
    }
    List<String> command = new ArrayList<>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    command.addAll(missing);
    command.addAll(ManagementFactory.getRuntimeMXBean().getInputArguments());
    command.add("-classpath");
    command.add(absolute(System.getProperty("java.class.path")));
    command.add(mainClass);
    command.addAll(Arrays.asList(args));
    command.removeIf(flag -> flag.startsWith(STDERR));
    String start = System.getProperty(START);
    if (start != null) {
      command.addAll(0, List.of("/bin/sh", start));
    }
    Process process = new ProcessBuilder(command).inheritIO().start();
    Thread end = new Thread(() -> end(process), "peft4j-launcher-end");
    Runtime.getRuntime().addShutdownHook(end);
    int code = process.waitFor();
    try {
      Runtime.getRuntime().removeShutdownHook(end);
    } catch (IllegalStateException e) {
      // this JVM is ending already
    }
    return OptionalInt.of(code);
  }

  private static void end(Process process) {
    process.destroy();
    try {
      process.waitFor();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private static String absolute(String classPath) {
    return String.join(
        File.pathSeparator,
        Arrays.stream(classPath.split(File.pathSeparator))
            .map(p -> Path.of(p).toAbsolutePath().toString())
            .toList());
  }
}
