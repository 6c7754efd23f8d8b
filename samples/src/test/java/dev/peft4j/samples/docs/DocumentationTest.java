package dev.peft4j.samples.docs;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.File;
import java.io.IOException;
import java.io.StringWriter;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.ServiceLoader;
import java.util.concurrent.TimeUnit;
import javax.annotation.processing.Processor;
import javax.tools.JavaCompiler;
import javax.tools.ToolProvider;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** The Java of the documentation compiles, with the processor, and runs. */
class DocumentationTest {
  private static final Path ROOT = Path.of(System.getProperty("documentation", ".."));

  @TempDir Path folder;

  static List<Page> pages() throws IOException {
    return Page.all(ROOT);
  }

  @Test
  void thereAreSomeToTry() throws IOException {
    assertThat(pages().stream().map(Page::toString)).contains("README.md", "training.md");
  }

  @ParameterizedTest
  @MethodSource("pages")
  void runs(Page page) throws Exception {
    Path classes = compile(PageProgram.of(page));
    for (Page.Excerpt e : page.excerpts()) {
      assertExcerpt(
          e,
          Files.readString(classes.resolve(PageProgram.PACKAGE + "/" + e.className() + ".java")));
    }
    run(classes);
  }

  private Path compile(PageProgram program) throws IOException {
    Path sources = Files.createDirectories(folder.resolve("src").resolve(PageProgram.PACKAGE));
    Path classes = Files.createDirectories(folder.resolve("classes"));
    for (Map.Entry<String, String> e : program.files().entrySet()) {
      Files.writeString(sources.resolve(e.getKey() + ".java"), e.getValue());
    }
    JavaCompiler compiler = ToolProvider.getSystemJavaCompiler();
    StringWriter messages = new StringWriter();
    try (var files = compiler.getStandardFileManager(null, null, StandardCharsets.UTF_8);
        var found = Files.newDirectoryStream(sources, "*.java")) {
      JavaCompiler.CompilationTask task =
          compiler.getTask(
              messages,
              files,
              null,
              List.of("-d", classes.toString(), "-s", classes.toString(), "-cp", classPath()),
              null,
              files.getJavaFileObjectsFromPaths(() -> found.iterator()));
      task.setProcessors(
          ServiceLoader.load(Processor.class).stream()
              .filter(p -> p.type().getName().startsWith("dev.peft4j."))
              .map(ServiceLoader.Provider::get)
              .toList());
      assertThat(task.call()).as("%s", messages).isTrue();
    }
    return classes;
  }

  private static String classPath() {
    return System.getProperty("surefire.test.class.path", System.getProperty("java.class.path"));
  }

  /** Paths of the page are below a folder that is thrown away. */
  private void run(Path classes) throws Exception {
    Path here = Files.createDirectories(folder.resolve("here"));
    File output = folder.resolve("output").toFile();
    Process process =
        new ProcessBuilder(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "--enable-native-access=ALL-UNNAMED",
                "--add-modules=jdk.incubator.vector",
                "-XX:+UseSerialGC",
                "-cp",
                classes + File.pathSeparator + classPath(),
                PageProgram.PACKAGE + "." + PageProgram.MAIN)
            .directory(here.toFile())
            .redirectErrorStream(true)
            .redirectOutput(output)
            .start();
    assertThat(process.waitFor(5, TimeUnit.MINUTES)).isTrue();
    assertThat(process.exitValue()).as(Files.readString(output.toPath())).isZero();
  }

  /** Each line is there, in this order; what is a comment, and where lines break, is free. */
  private static void assertExcerpt(Page.Excerpt excerpt, String generated) {
    String all = squeezed(generated);
    int from = 0;
    for (String line : excerpt.text().lines().toList()) {
      String wanted = squeezed(line.replaceAll("//.*", ""));
      int at = all.indexOf(wanted, from);
      assertThat(at).as("'%s' of %s in %s", line, excerpt.className(), generated).isNotNegative();
      from = at + wanted.length();
    }
  }

  private static String squeezed(String code) {
    return code.replaceAll("\\s+", "");
  }
}
