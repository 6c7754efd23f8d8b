package dev.peft4j.integration;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.File;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Neither Maven nor Gradle: javac, and the jars that it has to be given. */
class PlainJavacTest {
  private @TempDir Path folder;

  /** Of the processor its own jar alone. */
  @Test
  void runsTheProcessorFromItsJarAlone() throws Exception {
    String model =
        """
        import dev.peft4j.annotation.Peft;
        import dev.peft4j.nn.Linear;
        import dev.peft4j.nn.Module;

        @Peft(target = "fc", r = 1)
        public class Model extends Module {
          final Linear fc = new Linear(2, 2);
        }
        """;
    Files.writeString(folder.resolve("Model.java"), model);
    assertThat(javac()).doesNotContain("error", "Exception");
    assertThat(folder.resolve("ModelPeft.class")).exists();

    Files.writeString(folder.resolve("Model.java"), model.replace("\"fc\"", "\"fd\""));
    assertThat(javac()).contains("Model.java:5: error: PEFT040", "Did you mean \"fc\"?");
  }

  private String javac() throws Exception {
    List<String> command =
        List.of(
            Path.of(System.getProperty("java.home"), "bin", "javac").toString(),
            "-cp",
            jar("peft4j-core") + File.pathSeparator + jar("peft4j-annotations"),
            "-processorpath",
            jar("peft4j-processor"),
            "Model.java");
    try (var run = new Project(folder).start(command, Map.of())) {
      return run.end();
    }
  }

  private static String jar(String artifact) {
    return Built.published(artifact, ".jar").toString();
  }
}
