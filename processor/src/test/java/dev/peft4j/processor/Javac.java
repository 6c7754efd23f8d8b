package dev.peft4j.processor;

import java.io.File;
import java.io.IOException;
import java.io.StringWriter;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import javax.tools.ToolProvider;

/** The javac of a release: this one's in process, another one's as a process, if it is there. */
final class Javac {
  private static final Pattern MESSAGE = Pattern.compile("(?m)^(.+\\.java):\\d+: (.*)$");

  private final Path home;
  private final int release;

  private Javac(Path home, int release) {
    this.home = home;
    this.release = release;
  }

  /** The javac of a release among the JDKs of this machine. */
  static Optional<Javac> of(int release) {
    if (release == Runtime.version().feature()) {
      return Optional.of(new Javac(Path.of(""), release));
    }
    return homes().stream()
        .filter(home -> feature(home) == release)
        .filter(home -> Files.isExecutable(home.resolve("bin/javac")))
        .findFirst()
        .map(home -> new Javac(home, release));
  }

  /** Where JDKs usually lie: what the environment, Maven's tool chains and installers say. */
  private static Collection<Path> homes() {
    TreeSet<Path> homes = new TreeSet<>();
    System.getenv().entrySet().stream()
        .filter(e -> e.getKey().startsWith("JAVA_HOME") || e.getKey().startsWith("JDK"))
        .forEach(e -> homes.add(Path.of(e.getValue())));
    Path user = Path.of(System.getProperty("user.home"));
    try {
      Path toolchains = user.resolve(".m2/toolchains.xml");
      if (Files.exists(toolchains)) {
        Matcher jdk =
            Pattern.compile("<jdkHome>\\s*(.*?)\\s*</jdkHome>")
                .matcher(Files.readString(toolchains));
        while (jdk.find()) {
          homes.add(Path.of(jdk.group(1)));
        }
      }
      for (Path folder :
          List.of(
              Path.of("/usr/lib/jvm"),
              Path.of("/opt/hostedtoolcache/Java_Temurin-Hotspot_jdk"),
              Path.of("/opt/java"),
              user.resolve(".sdkman/candidates/java"),
              user.resolve(".jdks"))) {
        if (Files.isDirectory(folder)) {
          try (Stream<Path> inside = Files.walk(folder, 2)) {
            inside.filter(path -> Files.exists(path.resolve("release"))).forEach(homes::add);
          }
        }
      }
      return homes;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static int feature(Path home) {
    try {
      Matcher version =
          Pattern.compile("JAVA_VERSION=\"(\\d+)")
              .matcher(Files.readString(home.resolve("release")));
      return version.find() ? Integer.parseInt(version.group(1)) : 0;
    } catch (IOException e) {
      return 0;
    }
  }

  /**
   * Compiles with every lint but the one that asks whose the annotations of the models are.
   *
   * @param out for classes and generated sources
   * @return what it says of each file, errors and warnings; under "" what it says of none
   */
  Map<Path, String> compile(
      Collection<Path> sources, Path out, List<Path> classPath, String... options) {
    try {
      Files.createDirectories(out);
      List<String> arguments =
          new ArrayList<>(
              List.of("-Xlint:all,-processing", "-Xmaxerrs", "9999", "-Xmaxwarns", "9999"));
      arguments.addAll(List.of("-encoding", "UTF-8"));
      arguments.addAll(List.of("-d", out.toString(), "-s", out.toString()));
      arguments.addAll(List.of("-cp", join(classPath)));
      arguments.addAll(List.of(options));
      sources.forEach(source -> arguments.add(source.toString()));
      String said = home.toString().isEmpty() ? inProcess(arguments) : fork(arguments, out);
      Map<Path, String> all = new LinkedHashMap<>();
      Matcher message = MESSAGE.matcher(said);
      int end = 0;
      var rest = new StringBuilder();
      while (message.find()) {
        rest.append(end == 0 ? said.substring(0, message.start()) : "");
        end = message.end();
        all.merge(Path.of(message.group(1)), message.group(2), (a, b) -> a + "\n" + b);
      }
      rest.append(end == 0 ? said : "");
      String other = rest.toString().strip();
      if (!other.isEmpty()) {
        all.put(Path.of(""), other);
      }
      return all;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static String join(List<Path> paths) {
    return String.join(File.pathSeparator, paths.stream().map(Path::toString).toList());
  }

  private static String inProcess(List<String> arguments) {
    var out = new StringWriter();
    var compiler = ToolProvider.getSystemJavaCompiler();
    try (var files = compiler.getStandardFileManager(null, Locale.ROOT, null)) {
      List<String> options = arguments.stream().filter(a -> !a.endsWith(".java")).toList();
      var units =
          files.getJavaFileObjectsFromStrings(
              arguments.stream().filter(a -> a.endsWith(".java")).toList());
      compiler.getTask(out, files, null, options, null, units).call();
      return out.toString();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private String fork(List<String> arguments, Path out) throws IOException {
    Path list = Files.createTempFile(out, "arguments", ".txt");
    Files.write(list, arguments.stream().map(a -> '"' + a.replace("\\", "\\\\") + '"').toList());
    Path said = Files.createTempFile(out, "said", ".txt");
    Process process =
        new ProcessBuilder(
                home.resolve("bin/javac").toString(),
                "-J-Duser.language=en",
                "-J-XX:TieredStopAtLevel=1",
                "@" + list)
            .redirectErrorStream(true)
            .redirectOutput(said.toFile())
            .start();
    try {
      process.waitFor();
    } catch (InterruptedException e) {
      process.destroy();
      Thread.currentThread().interrupt();
    }
    return Files.readString(said);
  }

  @Override
  public String toString() {
    return "javac " + release;
  }
}
