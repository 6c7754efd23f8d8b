package dev.peft4j.integration;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Projects that know nothing of this one but what is published: copied out of the tree, and built
 * by a Maven of their own on JDK 25. Their local repository holds what the build has made; behind
 * it lies what the build has downloaded.
 */
class ConsumerTest {
  private @TempDir Path folder;

  @Test
  void aJavaProjectTrainsSavesAndResumes() throws Exception {
    Path project = copy("consumer");
    maven(project, "verify");
    Path run = folder.resolve("run");
    String first =
        maven(
            project, "exec:exec", "-Dexec.args=" + arguments("com.example.tuning.Tuning", run, 3));
    assertThat(first)
        .contains("trainable params: ", "checkpoint at step 16", "checkpoint at step 48", "saved ")
        .doesNotContain("resumed");
    String second =
        maven(
            project, "exec:exec", "-Dexec.args=" + arguments("com.example.tuning.Tuning", run, 4));
    assertThat(second).contains("resumed at step 48", "checkpoint at step 64");
    assertThat(run.resolve("adapter/adapter_config.json")).exists();
    assertThat(run.resolve("adapter/adapter_model.safetensors")).exists();
  }

  @Test
  void aWrongTargetDoesNotCompile() throws Exception {
    Path project = copy("consumer");
    Path model = project.resolve("src/main/java/com/example/tuning/Classifier.java");
    Files.writeString(model, Files.readString(model).replace("\"down\"}", "\"dwon\"}"));
    assertThat(run(project, "compile"))
        .contains("Classifier.java:[12,", "PEFT041", "Did you mean \"down\"?", "BUILD FAILURE");
  }

  @Test
  void aKotlinProjectTrainsAndSaves() throws Exception {
    Path project = copy("consumer-kotlin");
    Path run = folder.resolve("run");
    String said =
        maven(
            project,
            "compile",
            "exec:exec",
            "-Dexec.args=" + arguments("com.example.tuning.TuningKt", run, 3));
    assertThat(said).contains("trainable params: ", "checkpoint at step 48", "loss ", "saved ");
    assertThat(run.resolve("adapter/adapter_model.safetensors")).exists();
  }

  private static String arguments(String main, Path run, int epochs) {
    return "--enable-native-access=ALL-UNNAMED --add-modules=jdk.incubator.vector"
        + " -classpath %classpath "
        + String.join(" ", main, run.toString(), String.valueOf(epochs));
  }

  private Path copy(String sample) throws IOException {
    Path from = Built.ROOT.resolve("samples").resolve(sample);
    Path to = folder.resolve(sample);
    try (Stream<Path> files = Files.walk(from)) {
      for (Path f : files.filter(Files::isRegularFile).toList()) {
        Path target = to.resolve(from.relativize(f).toString());
        if (!from.relativize(f).startsWith("target")) {
          Files.createDirectories(target.getParent());
          Files.copy(f, target);
        }
      }
    }
    return to;
  }

  private String maven(Path project, String... arguments) throws Exception {
    String said = run(project, arguments);
    assertThat(said).contains("BUILD SUCCESS");
    return said;
  }

  private String run(Path project, String... arguments) throws Exception {
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
    ProcessBuilder builder = new ProcessBuilder(command).directory(project.toFile());
    builder.environment().put("JAVA_HOME", System.getProperty("java.home"));
    builder.environment().put("MAVEN_OPTS", "-XX:+UseSerialGC -XX:TieredStopAtLevel=1");
    Path log = folder.resolve("maven.log");
    Process process = builder.redirectErrorStream(true).redirectOutput(log.toFile()).start();
    try {
      assertThat(process.waitFor(5, TimeUnit.MINUTES)).as("Maven ended").isTrue();
    } finally {
      process.destroyForcibly();
    }
    return Files.readString(log);
  }
}
