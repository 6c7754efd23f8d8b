package dev.peft4j.cli;

import java.io.FileNotFoundException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Objects;

/**
 * The project that {@code peft4j init} writes. Its files are resources, in the package {@code
 * com.example.tuning}; samples/consumer and samples/consumer-kotlin are generated from them.
 *
 * @param language the language of its classes
 * @param build its build tool
 */
record ProjectTemplate(Language language, Build build) {
  /** The language of the classes. */
  enum Language {
    JAVA("Java"),
    KOTLIN("Kotlin");

    final String title;

    Language(String title) {
      this.title = title;
    }
  }

  /** The build tool of the project. */
  enum Build {
    MAVEN("Maven"),
    GRADLE("Gradle");

    final String title;

    Build(String title) {
      this.title = title;
    }
  }

  /** A file of the project and its resource. */
  private record Source(String resource, String target) {}

  /** A command to run next. */
  record Step(String command, String purpose) {}

  private List<Source> sources() {
    String lang = language.name().toLowerCase(Locale.ROOT);
    String end = language == Language.JAVA ? ".java" : ".kt";
    String builder = build.name().toLowerCase(Locale.ROOT) + "-" + lang + "/";
    List<Source> sources = new ArrayList<>();
    sources.add(new Source("gitignore", ".gitignore"));
    if (build
        == Build
            .MAVEN) { // where a program ends with an error, Maven adds no stack trace of its own
      sources.add(new Source("jvm.config", ".mvn/jvm.config"));
    }
    for (String file :
        build == Build.MAVEN
            ? List.of("pom.xml")
            : List.of("build.gradle.kts", "settings.gradle.kts")) {
      sources.add(new Source(builder + file, file));
    }
    for (String file : List.of("main/Classifier", "main/Tuning", "main/Serve", "test/TuningTest")) {
      String[] parts = file.split("/");
      String path = "src/" + parts[0] + "/" + lang + "/com/example/tuning/" + parts[1] + end;
      sources.add(new Source(lang + "/" + path, path));
    }
    return sources;
  }

  /** Writes the project's files and returns their paths in the folder. */
  List<String> write(Path folder, ProjectNames names) throws IOException {
    List<String> written = new ArrayList<>();
    for (Source source : sources()) {
      String path = names.inPath(source.target());
      Path file = folder.resolve(path);
      Files.createDirectories(Objects.requireNonNull(file.toAbsolutePath().getParent()));
      Files.writeString(file, names.in(read(source.resource())));
      written.add(path);
    }
    return written;
  }

  /** Returns the commands to run next, in the project's folder. */
  List<Step> next(ProjectNames names) {
    String serve = names.pkg() + (language == Language.JAVA ? ".Serve" : ".ServeKt");
    boolean maven = build == Build.MAVEN;
    return List.of(
        new Step(maven ? "mvn -q verify" : "gradle build", "compiles and tests"),
        new Step(
            maven ? "mvn -q compile exec:exec" : "gradle -q run",
            "trains a base model and an adapter, into the folder run"),
        new Step(
            maven ? "mvn -q compile exec:exec -Dmain=" + serve : "gradle -q run -Pmain=" + serve,
            "serves them: curl 'localhost:8080/classify?x=3,3,3,3,3,3,3,-3'"));
  }

  /** Returns the version of peft4j that the project uses. */
  static String version() throws IOException {
    return read("maven-java/pom.xml")
        .replaceAll("(?s).*<peft4j.version>(.*?)</peft4j.version>.*", "$1");
  }

  private static String read(String resource) throws IOException {
    try (InputStream in = ProjectTemplate.class.getResourceAsStream("project/" + resource)) {
      if (in == null) {
        throw new FileNotFoundException("the template's " + resource + " is not in this jar");
      }
      return new String(in.readAllBytes(), StandardCharsets.UTF_8).replace("\r\n", "\n");
    }
  }
}
