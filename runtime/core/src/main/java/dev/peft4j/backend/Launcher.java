package dev.peft4j.backend;

import java.io.File;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.lang.reflect.InvocationTargetException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Starts a program with the JVM flags that the chosen device needs: {@code java -cp …
 * -Dpeft4j.device=tornado dev.peft4j.backend.Launcher MainClass arguments}. If this JVM has them
 * (the CPU needs none), the program runs in it; else in a JVM of its own with the same flags, class
 * path, input and output.
 */
public final class Launcher {
  private Launcher() {}

  /** {@code args[0]} is the program's main class, the others are its arguments. */
  public static void main(String[] args) throws Throwable {
    if (args.length == 0) {
      throw new IllegalArgumentException("usage: Launcher MainClass [arguments]");
    }
    List<String> missing;
    try {
      missing = missingFlags(Device.chosenName());
    } catch (IllegalStateException e) {
      System.err.println(e.getMessage());
      System.exit(1);
      return;
    }
    if (!missing.isEmpty()) {
      System.exit(start(missing, args));
    }
    try {
      Class.forName(args[0])
          .getMethod("main", String[].class)
          .invoke(null, (Object) Arrays.copyOfRange(args, 1, args.length));
    } catch (InvocationTargetException e) {
      throw e.getCause();
    }
  }

  /** The flags that the device of a name needs and this JVM lacks. */
  private static List<String> missingFlags(@Nullable String device) {
    DeviceProvider provider = device == null ? null : Device.provider(device.split(":", 2)[0]);
    return provider == null ? List.of() : provider.missingJvmFlags();
  }

  private static int start(List<String> flags, String[] args)
      throws IOException, InterruptedException {
    List<String> command = new ArrayList<>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    command.addAll(flags);
    command.addAll(ManagementFactory.getRuntimeMXBean().getInputArguments());
    command.add("-classpath");
    command.add(absolute(System.getProperty("java.class.path")));
    command.addAll(Arrays.asList(args));
    return new ProcessBuilder(command).inheritIO().start().waitFor();
  }

  private static String absolute(String classPath) {
    return String.join(
        File.pathSeparator,
        Arrays.stream(classPath.split(File.pathSeparator))
            .map(p -> Path.of(p).toAbsolutePath().toString())
            .toList());
  }
}
