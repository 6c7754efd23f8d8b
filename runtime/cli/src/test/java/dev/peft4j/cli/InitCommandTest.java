package dev.peft4j.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What is written; that it builds and runs, samples/integration tests. */
class InitCommandTest {
  private static final Path SAMPLES = Path.of("..", "..", "samples");

  @TempDir Path folder;

  /** Two of the projects are samples as well: they cannot drift apart. */
  @ParameterizedTest
  @CsvSource({"consumer, java", "consumer-kotlin, kotlin"})
  void theSamplesAreWhatIsWritten(String sample, String language) throws IOException {
    Run.of("init", folder, "--language", language, "--name", "tuning").ok();
    assertThat(files(SAMPLES.resolve(sample)))
        .as("samples/%s is the output of peft4j init: write it again", sample)
        .isEqualTo(files(folder));
  }

  @ParameterizedTest
  @CsvSource({"java, maven", "java, gradle", "kotlin, maven", "kotlin, gradle"})
  void namesAreThoseThatWereGiven(String language, String build) throws IOException {
    Path project = folder.resolve("my project");
    Run run =
        Run.of(
                "init",
                project,
                "-l",
                language,
                "-b",
                build,
                "--group",
                "org.acme",
                "--name",
                "good-words",
                "--package",
                "org.acme.words.nlp")
            .ok();
    Map<String, String> files = files(project);
    String end = language.equals("java") ? ".java" : ".kt";
    String main = "src/main/" + language + "/org/acme/words/nlp/";
    assertThat(files)
        .containsKeys(
            main + "Classifier" + end,
            main + "Tuning" + end,
            main + "Serve" + end,
            "src/test/" + language + "/org/acme/words/nlp/TuningTest" + end)
        .containsKeys(
            build.equals("maven")
                ? new String[] {"pom.xml"}
                : new String[] {"build.gradle.kts", "settings.gradle.kts"});
    String all = String.join("\n", files.values());
    assertThat(all)
        .contains("package org.acme.words.nlp", "org.acme.words.nlp.Tuning")
        .doesNotContain("com.example", "tuning\"", ">tuning<");
    assertThat(build.equals("maven") ? files.get("pom.xml") : all)
        .contains("org.acme", "good-words");
    assertThat(run.out())
        .contains("cd '" + project + "'", build.equals("maven") ? "mvn -q verify" : "gradle build");
    assertThat(run.err()).contains("./mvnw -q -Pinstall");
  }

  @ParameterizedTest
  @CsvSource({
    "Sentiment Model, sentiment-model, com.example.sentimentmodel",
    "in, in, com.example.appin",
    "7b, 7b, com.example.app7b",
    "..., tuning, com.example.tuning"
  })
  void namesComeFromTheFolder(String name, String artifact, String pkg) {
    assertThat(ProjectNames.of(name, null, null, null))
        .isEqualTo(new ProjectNames("com.example", artifact, pkg));
  }

  @Test
  void whatIsThereStays() throws IOException {
    Files.writeString(folder.resolve("notes.txt"), "mine");
    Run full = Run.of("init", folder);
    assertThat(full.code()).isEqualTo(2);
    assertThat(full.err()).contains(folder + " is not empty, and nothing is overwritten");
    Run file = Run.of("init", folder.resolve("notes.txt"));
    assertThat(file.code()).isEqualTo(2);
    assertThat(file.err()).contains("notes.txt is a file");
    assertThat(files(folder)).containsOnlyKeys("notes.txt");
  }

  @ParameterizedTest
  @ValueSource(strings = {"com.example.class", "com.fun", "1.a", "a-b", "java.mine", "a..b", ""})
  void packagesThatAreNone(String pkg) {
    Run run = Run.of("init", folder.resolve("p"), "--package", pkg);
    assertThat(run.code()).isEqualTo(2);
    assertThat(run.err()).contains("--package " + pkg, "com.example.tuning");
    assertThat(folder.resolve("p")).doesNotExist();
  }

  @Test
  void wrongOptionsAreSentences() {
    assertThat(Run.of("init", folder, "--name", "a b").err()).contains("--name a b: letters");
    assertThat(Run.of("init", folder, "-l", "scala").err()).contains("scala", "JAVA", "KOTLIN");
    assertThat(Run.of("init").err()).contains("FOLDER");
  }

  @Test
  void asJson() throws IOException {
    var json = Run.of("init", folder, "--json", "--name", "x").json();
    assertThat(json.path("package").asText()).isEqualTo("com.example.x");
    assertThat(json.path("files")).hasSize(7);
    assertThat(json.path("next").get(0).asText()).isEqualTo("mvn -q verify");
  }

  private static Map<String, String> files(Path root) throws IOException {
    Map<String, String> files = new TreeMap<>();
    try (Stream<Path> all = Files.walk(root)) {
      all.filter(Files::isRegularFile)
          .filter(f -> !root.relativize(f).startsWith("target"))
          .forEach(f -> files.put(root.relativize(f).toString().replace('\\', '/'), read(f)));
    }
    return files;
  }

  private static String read(Path file) {
    try {
      return Files.readString(file);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
