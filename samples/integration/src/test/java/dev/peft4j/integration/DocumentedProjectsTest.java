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
 * The projects of docs/getting-started.md: its XML, its Java and its Kotlin, put together as it
 * says.
 */
class DocumentedProjectsTest {
  private static final Path DOCS = Built.ROOT.resolve("docs");

  private @TempDir Path folder;

  @Test
  void theJavaProject() throws Exception {
    String maven = blocks("getting-started.md", "xml").getFirst();
    Project project = project(maven);
    List<String> java = blocks("getting-started.md", "java");
    write(project, "java/com/example/tuning/Regressor.java", PACKAGE + ";\n" + java.getFirst());
    String program = String.join("\n", java.subList(1, java.size()));
    String main =
        """
        %s;
        %s
        public class Tuning {
          public static void main(String[] args) {
        %s
          }
        }
        """
            .formatted(PACKAGE, imports(program), rest(program));
    write(project, "java/com/example/tuning/Tuning.java", main);
    project.maven("compile");
    assertThat(project.run("com.example.tuning.Tuning")).contains("480 steps", "(32, 1)");
    assertThat(project.folder().resolve("run/adapter/adapter_model.safetensors")).exists();
  }

  @Test
  void theKotlinProject() throws Exception {
    List<String> xml = blocks("getting-started.md", "xml");
    String maven = xml.getFirst();
    Project project =
        project(
            maven.substring(0, maven.indexOf("\n<dependencies>"))
                + "<dependencies>"
                + xml.get(1)
                + "</dependencies>"
                + xml.get(2));
    List<String> kotlin = blocks("getting-started.md", "kotlin");
    write(project, "kotlin/Regressor.kt", PACKAGE + "\n" + kotlin.getFirst());
    String program = String.join("\n", kotlin.subList(1, kotlin.size()));
    String main =
        PACKAGE
            + "\nimport dev.peft4j.kotlin.*\n"
            + imports(program)
            + "\nfun main() {\n"
            + rest(program)
            + "\n}\n";
    write(project, "kotlin/Tuning.kt", main);
    project.maven("compile");
    assertThat(project.run("com.example.tuning.TuningKt")).contains("step 400  loss ");
    assertThat(project.folder().resolve("run/adapter/adapter_model.safetensors")).exists();
  }

  /** What annotating.md shows of a build is a part of that one. */
  @Test
  void thePathOfProcessors() throws Exception {
    String all = blocks("getting-started.md", "xml").getFirst().replaceAll("\\s+", "");
    assertThat(blocks("annotating.md", "xml"))
        .hasSize(1)
        .allMatch(part -> all.contains(part.replaceAll("\\s+", "")));
  }

  private static final String PACKAGE = "package com.example.tuning";

  /** A project of what stands in its pom; versions that Maven would choose are those downloaded. */
  private Project project(String content) throws IOException {
    String pom =
        """
        <project xmlns="http://maven.apache.org/POM/4.0.0">
          <modelVersion>4.0.0</modelVersion>
          %s
        </project>
        """;
    Files.writeString(
        folder.resolve("parent.xml"),
        pom.formatted(
            """
            <groupId>com.example</groupId>
            <artifactId>versions</artifactId>
            <version>1</version>
            <packaging>pom</packaging>
            <properties><project.build.sourceEncoding>UTF-8</project.build.sourceEncoding></properties>
            <build>
              <pluginManagement>
                <plugins>
                  <plugin><artifactId>maven-resources-plugin</artifactId><version>3.5.0</version></plugin>
                  <plugin>
                    <groupId>org.codehaus.mojo</groupId>
                    <artifactId>exec-maven-plugin</artifactId>
                    <version>3.6.4</version>
                    <configuration><executable>${java.home}/bin/java</executable></configuration>
                  </plugin>
                </plugins>
              </pluginManagement>
            </build>
            """));
    Project project = new Project(Files.createDirectory(folder.resolve("project")));
    Files.writeString(
        project.folder().resolve("pom.xml"),
        pom.formatted(
            """
            <parent>
              <groupId>com.example</groupId>
              <artifactId>versions</artifactId>
              <version>1</version>
              <relativePath>../parent.xml</relativePath>
            </parent>
            <artifactId>documented</artifactId>
            """
                + content));
    return project;
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
