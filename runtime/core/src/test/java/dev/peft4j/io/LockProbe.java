package dev.peft4j.io;

import java.nio.file.Path;

/** Another process that asks for a file. */
final class LockProbe {
  private LockProbe() {}

  /** Says whether it gets the file; holds it until its input ends if told to. */
  public static void main(String[] args) throws Exception {
    FileHold hold = FileHold.tryTake(Path.of(args[0]));
    System.out.println(hold != null ? "taken" : "refused");
    System.out.flush();
    if (args.length > 1) {
      System.in.read();
    }
    if (hold != null) {
      hold.close();
    }
  }

  static Process start(Path file, String... more) throws Exception {
    var command =
        new java.util.ArrayList<>(
            java.util.List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-XX:TieredStopAtLevel=1",
                "-XX:+UseSerialGC",
                "-Xshare:auto",
                "-cp",
                System.getProperty(
                    "surefire.test.class.path", System.getProperty("java.class.path")),
                LockProbe.class.getName(),
                file.toString()));
    command.addAll(java.util.List.of(more));
    return new ProcessBuilder(command).redirectError(ProcessBuilder.Redirect.INHERIT).start();
  }

  /** What another process says. */
  static String ask(Path file) throws Exception {
    Process p = start(file);
    return new String(p.getInputStream().readAllBytes()).strip();
  }
}
