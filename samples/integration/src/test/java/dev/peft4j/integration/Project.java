package dev.peft4j.integration;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;

/**
 * A copy of a sample, out of the tree, so that it knows nothing of this one but what is published.
 *
 * @param folder where it is
 */
record Project(Path folder) {
  private static final Path FILES = Built.ROOT.resolve("samples/integration/src/test/consumer");

  /** Copies a sample to a folder below {@code parent}. */
  static Project copy(String sample, Path parent) throws IOException {
    Path from = Built.ROOT.resolve("samples").resolve(sample);
    Path to = parent.resolve(sample);
    try (Stream<Path> files = Files.walk(from)) {
      for (Path f : files.filter(Files::isRegularFile).toList()) {
        if (!from.relativize(f).startsWith("target")) {
          Path target = to.resolve(from.relativize(f).toString());
          Files.createDirectories(target.getParent());
          Files.copy(f, target);
        }
      }
    }
    return new Project(to);
  }

  /** Adds a file that the sample itself has not. */
  Path add(String file, String to) throws IOException {
    Path target = folder.resolve(to).resolve(file);
    Files.createDirectories(target.getParent());
    return Files.copy(FILES.resolve(file), target);
  }

  void replace(String file, String text, String by) throws IOException {
    Path path = folder.resolve(file);
    String before = Files.readString(path);
    assertThat(before).contains(text);
    Files.writeString(path, before.replace(text, by));
  }

  /** Runs Maven and returns what it said. */
  String maven(String... arguments) throws Exception {
    String said = tryMaven(arguments);
    assertThat(said).contains("BUILD SUCCESS");
    return said;
  }

  /** As {@link #maven}, whatever comes of it. */
  String tryMaven(String... arguments) throws Exception {
    try (Run run = start(arguments)) {
      return run.end();
    }
  }

  /** Maven runs a class of the project, with validate, which chooses the JDK. */
  String run(String mainClass, Object... arguments) throws Exception {
    return maven("validate", "exec:exec", execArguments(mainClass, arguments));
  }

  /** As {@link #run}, and kills the program when it has said {@code last}. */
  void kill(String last, String mainClass, Object... arguments) throws Exception {
    try (Run run = start("validate", "exec:exec", execArguments(mainClass, arguments))) {
      run.await(last);
      ProcessHandle program =
          run.process
              .descendants()
              .filter(p -> List.of(p.info().arguments().orElse(new String[0])).contains(mainClass))
              .findFirst()
              .orElseThrow();
      assertThat(program.destroyForcibly()).isTrue(); // SIGKILL
      assertThat(run.end()).contains("BUILD FAILURE").doesNotContain("saved ");
    }
  }

  private static String execArguments(String mainClass, Object... arguments) {
    StringBuilder all =
        new StringBuilder(
            "-Dexec.args=--enable-native-access=ALL-UNNAMED --add-modules=jdk.incubator.vector"
                + " -classpath %classpath "
                + mainClass);
    for (Object a : arguments) {
      all.append(' ').append(a);
    }
    return all.toString();
  }

  /**
   * Maven runs on an older JDK if there is one, as with many users: the project's toolchain then has
   * to find this JVM's. On this JVM's own it runs in the build around this test.
   */
  private static Map<String, String> environment() throws IOException {
    String here = System.getProperty("java.home");
    return Map.of(
        "JAVA_HOME",
        olderJdk().map(Path::toString).orElse(here),
        "JAVA25_HOME",
        here,
        "MAVEN_OPTS",
        "-XX:+UseSerialGC -XX:TieredStopAtLevel=1");
  }

  private static Optional<Path> olderJdk() throws IOException {
    Path jdks = Path.of("/usr/lib/jvm");
    if (!Files.isDirectory(jdks)) {
      return Optional.ofNullable(System.getenv("JAVA_HOME_17_X64")).map(Path::of);
    }
    try (Stream<Path> all = Files.list(jdks)) {
      return all.filter(jdk -> Files.isExecutable(jdk.resolve("bin/javac")))
          .filter(jdk -> version(jdk).matches("17|21"))
          .findFirst();
    }
  }

  private static String version(Path jdk) {
    try (Stream<String> lines = Files.lines(jdk.resolve("release"))) {
      return lines
          .filter(l -> l.startsWith("JAVA_VERSION="))
          .map(l -> l.replaceAll("\\D*(\\d+).*", "$1"))
          .findFirst()
          .orElse("");
    } catch (IOException e) {
      return "";
    }
  }

  /** What {@code peft4j init} writes into a folder. */
  static Project init(Path folder, String... options) throws Exception {
    List<String> command =
        new ArrayList<>(
            List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-cp",
                System.getProperty("surefire.test.class.path", System.getProperty("java.class.path")),
                "dev.peft4j.cli.Main",
                "init",
                folder.toString()));
    command.addAll(List.of(options));
    try (Run run = new Run(folder.getParent(), command, Map.of())) {
      String said = run.end();
      assertThat(run.exitCode()).as(said).isZero();
    }
    return new Project(folder);
  }

  /** Maven of this build; what it needs was downloaded for this build. */
  private Run start(String... arguments) throws IOException {
    boolean windows = System.getProperty("os.name").startsWith("Windows");
    List<String> command = new ArrayList<>();
    command.add(Built.property("maven.home") + "/bin/mvn" + (windows ? ".cmd" : ""));
    command.addAll(
        List.of(
            "--batch-mode",
            "--no-transfer-progress",
            "--offline",
            "-Dkotlin.compiler.daemon=false",
            "-Dmaven.repo.local=" + Built.REPOSITORY,
            "-Dmaven.repo.local.tail=" + Built.property("local.repository"),
            "-Dmaven.repo.local.tail.ignoreAvailability=true"));
    command.addAll(List.of(arguments));
    return new Run(folder, command, environment());
  }

  /** Runs another tool in the project's folder and returns what it said. */
  Run start(List<String> command, Map<String, String> environment) throws IOException {
    return new Run(folder, command, environment);
  }

  /** A process and what it says. */
  static final class Run implements AutoCloseable {
    private final Process process;
    private final Path log;

    Run(Path folder, List<String> command, Map<String, String> environment) throws IOException {
      log = Files.createTempFile("run", ".log");
      ProcessBuilder builder = new ProcessBuilder(command).directory(folder.toFile());
      builder.environment().putAll(environment);
      process = builder.redirectErrorStream(true).redirectOutput(log.toFile()).start();
    }

    private void await(String text) throws Exception {
      for (int i = 0; i < 24_000 && process.isAlive(); i++) {
        if (Files.readString(log).contains(text)) {
          return;
        }
        Thread.sleep(5);
      }
      assertThat(Files.readString(log)).as("said before it ended").contains(text);
    }

    /** Waits for the end and returns all that it said. */
    String end() throws Exception {
      assertThat(process.waitFor(5, TimeUnit.MINUTES)).as("ended").isTrue();
      return Files.readString(log);
    }

    int exitCode() {
      return process.exitValue();
    }

    @Override
    public void close() throws IOException {
      process.descendants().forEach(ProcessHandle::destroyForcibly);
      process.destroyForcibly();
      Files.deleteIfExists(log);
    }
  }
}
