package dev.peft4j.integration;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;

/** What the build has made. */
final class Built {
  static final String VERSION = property("project.version");
  static final Path ROOT = Path.of(property("project.root"));

  /** In the layout of a local repository: jars and poms. */
  static final Path REPOSITORY = Path.of(property("built.repository"));

  private static final Path GROUP = REPOSITORY.resolve("dev/peft4j");

  private Built() {}

  static String property(String name) {
    String value = System.getProperty(name);
    assertThat(value).as("property " + name + ", which the build sets").isNotNull();
    return value;
  }

  /** Names of the artifacts that have a jar. */
  static List<String> jars() {
    try (Stream<Path> folders = Files.list(GROUP)) {
      return folders
          .map(f -> f.getFileName().toString())
          .filter(a -> Files.exists(published(a, ".jar")))
          .sorted()
          .toList();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** The jar or pom of an artifact in the repository. */
  static Path published(String artifact, String end) {
    return GROUP.resolve(artifact).resolve(VERSION).resolve(artifact + "-" + VERSION + end);
  }

  /** A file that the build attaches to an artifact, such as {@code -sources.jar}. */
  static Path attached(String artifact, String end) {
    String name = artifact.substring("peft4j-".length());
    Path module = ROOT.resolve(name);
    Path target = (Files.exists(module) ? module : ROOT.resolve("runtime").resolve(name));
    return target.resolve("target").resolve(artifact + "-" + VERSION + end);
  }
}
