package dev.peft4j.integration;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * The projects of docs/getting-started.md: its files as they are printed, and its Kotlin put
 * together.
 */
class DocumentedProjectsTest {
  private static final Path DOCS = Built.ROOT.resolve("docs");

  private @TempDir Path folder;

  @Test
  void theJavaProject() throws Exception {
    Project project = new Project(Files.createDirectory(folder.resolve("project")));
    List<String> xml = blocks("getting-started.md", "xml");
    Files.writeString(project.folder().resolve("pom.xml"), xml.getFirst());
    List<String> java = blocks("getting-started.md", "java");
    assertThat(java).hasSize(2);
    write(project, "java/com/example/tuning/Regressor.java", java.getFirst());
    write(project, "java/com/example/tuning/Tuning.java", java.getLast());
    assertThat(project.maven("compile", "exec:exec"))
        .contains("480 steps", "(32, 1)")
        .doesNotContain("platform encoding");
    assertThat(project.folder().resolve("run/adapter/adapter_model.safetensors")).exists();

    // and what the README shows, in the same project
    List<String> readme = blocks("../README.md", "java");
    write(project, "java/com/example/tuning/BaseModel.java", readme.get(0));
    write(project, "java/com/example/tuning/Example.java", readme.get(1));
    assertThat(project.maven("compile", "exec:exec", "-Dmain=com.example.tuning.Example"))
        .contains("trainable params: 6 || all params: 18 || trainable%: 33.3333");
  }

  @Test
  void theKotlinProject() throws Exception {
    Project project = new Project(Files.createDirectory(folder.resolve("project")));
    Files.copy(
        Built.ROOT.resolve("samples/consumer-kotlin/pom.xml"), project.folder().resolve("pom.xml"));
    List<String> kotlin = blocks("getting-started.md", "kotlin");
    write(
        project,
        "kotlin/Regressor.kt",
        "package com.example.tuning\n" + kotlin.getFirst());
    String program = String.join("\n", kotlin.subList(1, kotlin.size()));
    String main =
        "package com.example.tuning\nimport dev.peft4j.kotlin.*\n"
            + imports(program)
            + "\nfun main() {\n"
            + rest(program)
            + "\n}\n";
    write(project, "kotlin/Tuning.kt", main);
    assertThat(project.maven("compile", "exec:exec")).contains("step 400  loss ");
    assertThat(project.folder().resolve("run/adapter/adapter_model.safetensors")).exists();
  }

  /** What the page prints is what {@code peft4j init} writes. */
  @Test
  void theBuildFilesAreThoseOfInit() throws Exception {
    Path templates =
        Built.ROOT.resolve("runtime/cli/src/main/resources/dev/peft4j/cli/project");
    assertThat(blocks("getting-started.md", "xml"))
        .containsExactly(Files.readString(templates.resolve("maven-java/pom.xml")));
    assertThat(blocks("getting-started.md", "kts"))
        .containsExactly(
            Files.readString(templates.resolve("gradle-java/build.gradle.kts")),
            Files.readString(templates.resolve("gradle-kotlin/build.gradle.kts")));
    assertThat(Files.readString(templates.resolve("maven-java/pom.xml")))
        .as("the version in the templates of peft4j init")
        .contains("<peft4j.version>" + Built.VERSION + "</peft4j.version>");
  }

  /** What annotating.md shows of a build is a part of that one. */
  @Test
  void thePathOfProcessors() throws Exception {
    String all = blocks("getting-started.md", "xml").getFirst().replaceAll("\\s+", "");
    assertThat(blocks("annotating.md", "xml"))
        .hasSize(1)
        .allMatch(part -> all.contains(part.replaceAll("\\s+", "")));
  }

  private static void write(Project project, String file, String text) throws IOException {
    Path path = project.folder().resolve("src/main").resolve(file);
    Files.createDirectories(path.getParent());
    Files.writeString(path, text);
  }

  private static String imports(String program) {
    return program.lines().filter(l -> l.startsWith("import ")).distinct().collect(LINES);
  }

  private static String rest(String program) {
    return program.lines().filter(l -> !l.startsWith("import ")).collect(LINES);
  }

  private static final java.util.stream.Collector<CharSequence, ?, String> LINES =
      Collectors.joining("\n");

  private static List<String> blocks(String page, String language) throws IOException {
    return Pattern.compile("(?ms)^```" + language + "\n(.*?)^```")
        .matcher(Files.readString(DOCS.resolve(page)))
        .results()
        .map(m -> m.group(1))
        .toList();
  }
}
