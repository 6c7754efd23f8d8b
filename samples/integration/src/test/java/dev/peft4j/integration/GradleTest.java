package dev.peft4j.integration;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.File;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The same project under Gradle, where the path has one that runs; else skipped, saying why. */
class GradleTest {
  private static final String MODEL = "src/main/java/com/example/tuning/Classifier.java";

  private @TempDir Path folder;

  @Test
  void aGradleProjectRunsTheProcessor() throws Exception {
    Path gradle = gradle();
    Project project = Project.copy("consumer", folder);
    Files.delete(project.folder().resolve("pom.xml"));
    project.add("build.gradle", "");
    Files.createFile(project.folder().resolve("settings.gradle"));

    assertThat(build(project, gradle))
        .contains("trainable params: 402", "checkpoint at step 48", "saved ", "BUILD SUCCESSFUL");
    assertThat(project.folder().resolve("run/adapter/adapter_model.safetensors")).exists();
    assertThat(build(project, gradle)).contains("resumed at step 48", "BUILD SUCCESSFUL");

    // what is written anew is compiled anew
    project.replace(MODEL, "r = 4", "r = 2");
    deleteCheckpoints(project);
    assertThat(build(project, gradle)).contains("trainable params: 210", "BUILD SUCCESSFUL");

    project.replace(MODEL, "\"down\"}", "\"dwon\"}");
    assertThat(build(project, gradle))
        .contains("Classifier.java:12: error: PEFT041", "Did you mean \"down\"?", "BUILD FAILED");
  }

  /** With a Gradle that knows JDK 25; it fetches Kotlin's plugin itself. */
  @ParameterizedTest
  @ValueSource(strings = {"java", "kotlin"})
  void whatInitWritesIsBuiltAndRun(String language) throws Exception {
    Path gradle = gradle();
    Assumptions.assumeTrue(
        version(gradle).compareTo("009.001") >= 0,
        "not built with Gradle: build.gradle.kts needs Gradle 9.1 or newer, which knows JDK 25");
    Project project =
        Project.init(folder.resolve("written"), "--language", language, "--build", "gradle");
    List<String> command =
        List.of(
            gradle.toString(),
            "--no-daemon",
            "-Dmaven.repo.local=" + Built.REPOSITORY,
            "build",
            "run");
    Map<String, String> environment =
        Map.of("GRADLE_USER_HOME", home(project), "JAVA_HOME", System.getProperty("java.home"));
    try (var run = project.start(command, environment)) {
      assertThat(run.end()).contains("saved run/adapter", "BUILD SUCCESSFUL");
    }
  }

  /** Major and minor, so that they compare as texts. */
  private String version(Path gradle) throws Exception {
    try (var run =
        new Project(folder)
            .start(
                List.of(gradle.toString(), "--version"),
                Map.of("GRADLE_USER_HOME", folder.resolve("home").toString()))) {
      Matcher version = Pattern.compile("Gradle (\\d+)\\.(\\d+)").matcher(run.end());
      return version.find()
          ? "%03d.%03d"
              .formatted(Integer.parseInt(version.group(1)), Integer.parseInt(version.group(2)))
          : "";
    }
  }

  private static void deleteCheckpoints(Project project) throws Exception {
    Path run = project.folder().resolve("run");
    Files.move(run, project.folder().resolve("before"));
  }

  private static String build(Project project, Path gradle) throws Exception {
    List<String> command =
        List.of(
            gradle.toString(),
            "--offline",
            "--no-daemon",
            "-PbuiltRepository=" + Built.REPOSITORY,
            "-Pdownloaded=" + Built.property("local.repository"),
            "-Ppeft4jVersion=" + Built.VERSION,
            "-Pjdk=" + System.getProperty("java.home"),
            "train");
    try (var run = project.start(command, Map.of("GRADLE_USER_HOME", home(project)))) {
      return run.end();
    }
  }

  private static String home(Project project) {
    return project.folder().resolve(".home").toString();
  }

  private Path gradle() throws Exception {
    boolean windows = System.getProperty("os.name").startsWith("Windows");
    Optional<Path> found =
        Stream.of(String.valueOf(System.getenv("PATH")).split(File.pathSeparator))
            .map(p -> Path.of(p, "gradle" + (windows ? ".bat" : "")))
            .filter(Files::isExecutable)
            .findFirst();
    Assumptions.assumeTrue(found.isPresent(), "not built with Gradle: the path has none");
    try (var run =
        new Project(folder)
            .start(
                List.of(found.orElseThrow().toString(), "--version"),
                Map.of("GRADLE_USER_HOME", folder.resolve("home").toString()))) {
      String said = run.end();
      Assumptions.assumeTrue(run.exitCode() == 0, "not built with Gradle: it says " + said);
    }
    return found.orElseThrow();
  }
}
