package dev.peft4j.integration;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.File;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A tuner in somebody else's jar: its annotation, its settings and itself. */
class StrangeTunerTest {
  private static final Path FILES = Built.ROOT.resolve("samples/integration/src/test/toy");
  private static final String JDK = System.getProperty("java.home");

  private @TempDir Path folder;
  private Path jar;

  @BeforeEach
  void makeTheJar() throws Exception {
    Path classes = Files.createDirectories(folder.resolve("toy"));
    List<String> command = new ArrayList<>(javac());
    command.addAll(List.of("-proc:none", "-d", classes.toString()));
    for (String source : List.of("Toy.java", "ToyConfig.java", "ToyTuner.java")) {
      command.add(FILES.resolve(source).toString());
    }
    assertThat(run(command)).doesNotContain("error");
    Path services = Files.createDirectories(classes.resolve("META-INF/services"));
    Files.writeString(services.resolve("dev.peft4j.tuner.Tuner"), "com.example.toy.ToyTuner\n");
    jar = folder.resolve("toy.jar");
    run(
        List.of(
            Path.of(JDK, "bin", "jar").toString(),
            "--create",
            "--file=" + jar,
            "-C",
            classes.toString(),
            "."));
  }

  @Test
  void isTrainedSavedLoadedAndMerged() throws Exception {
    assertThat(compile(Files.readString(FILES.resolve("Model.java")))).doesNotContain("error");
    assertThat(folder.resolve("ModelPeft.class")).exists();
    String said =
        run(
            List.of(
                Path.of(JDK, "bin", "java").toString(),
                "--enable-native-access=ALL-UNNAMED",
                "--add-modules=jdk.incubator.vector",
                "-cp",
                String.join(File.pathSeparator, classPath(), jar.toString(), folder.toString()),
                "Model",
                folder.resolve("adapter").toString()));
    assertThat(said)
        .contains("learns true", "trainable params: 4 ||", "loaded true", "merged true");
    assertThat(folder.resolve("adapter/adapter_config.json"))
        .content()
        .contains("\"peft_type\": \"TOY\"", "\"gain\": 2.0");
  }

  @Test
  void isCheckedAtCompileTime() throws Exception {
    String model = Files.readString(FILES.resolve("Model.java"));
    assertThat(compile(model.replace("\"fc1\"", "\"fc\"")))
        .contains("Model.java:12: error: PEFT040", "Did you mean \"fc1\" or \"fc2\"?");
    assertThat(compile(model.replace("\"fc1\"", "\"words\"")))
        .contains("PEFT042", "words (Embedding), which takes no Toy adapter: only Linear does.");
    assertThat(compile(model.replace("gain = 2", "gain = 11")))
        .contains("PEFT037: gain is 11.0. Write more than 0 and at most 10.");
  }

  /** The command line offers what it finds. */
  @Test
  void isOnTheCommandLine() throws Exception {
    String said =
        run(
            List.of(
                Path.of(JDK, "bin", "java").toString(),
                "-cp",
                classPath() + File.pathSeparator + jar,
                "dev.peft4j.cli.Main",
                "train",
                "--help"));
    assertThat(said.replaceAll("\\s+", " "))
        .contains(", toy, ", "--gain=N Toy: How much a change of the vector changes the result.");
  }

  private String compile(String model) throws Exception {
    Files.writeString(folder.resolve("Model.java"), model);
    List<String> command = new ArrayList<>(javac(jar.toString()));
    command.addAll(
        List.of("-processorpath", Built.published("peft4j-processor", ".jar").toString()));
    command.addAll(List.of("-d", folder.toString(), folder.resolve("Model.java").toString()));
    return run(command);
  }

  private static List<String> javac(String... more) {
    List<String> path = new ArrayList<>(List.of(more));
    path.add(classPath());
    return List.of(
        Path.of(JDK, "bin", "javac").toString(), "-cp", String.join(File.pathSeparator, path));
  }

  private static String classPath() {
    return System.getProperty("surefire.test.class.path", System.getProperty("java.class.path"));
  }

  private String run(List<String> command) throws Exception {
    try (var run = new Project(folder).start(command, Map.of())) {
      return run.end();
    }
  }
}
