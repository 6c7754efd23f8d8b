package dev.peft4j.integration;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.DynamicTest.dynamicTest;

import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.api.io.TempDir;

/**
 * Projects of strangers, as {@code peft4j init} writes them, built by a Maven of their own. Their local repository holds what
 * the build has made; behind it lies what the build has downloaded.
 */
class ConsumerTest {
  /** Of 16 steps: enough that a run is far from its end when it is killed. */
  private static final int EPOCHS = 100;

  private @TempDir Path folder;

  @TestFactory
  List<DynamicTest> aJavaProject() throws Exception {
    Project project = Project.copy("consumer", folder);
    project.add("Export.java", "src/main/java/com/example/tuning");
    return List.of(
        dynamicTest("is built and tested", () -> project.maven("verify")),
        dynamicTest(
            "goes on after it was killed",
            () -> assertGoesOnAfterKills(project, "com.example.tuning.Tuning")),
        dynamicTest(
            "has an adapter that peft loads",
            () -> assertPeftLoads(project, "com.example.tuning.Export")));
  }

  @TestFactory
  List<DynamicTest> aKotlinProject() throws Exception {
    Project project = Project.copy("consumer-kotlin", folder);
    project.add("Export.kt", "src/main/kotlin/com/example/tuning");
    return List.of(
        dynamicTest("is built and tested", () -> project.maven("verify")),
        dynamicTest(
            "goes on after it was killed",
            () -> assertGoesOnAfterKills(project, "com.example.tuning.TuningKt")),
        dynamicTest(
            "has an adapter that peft loads",
            () -> assertPeftLoads(project, "com.example.tuning.ExportKt")));
  }

  @Test
  void aProjectOfOtherNamesIsBuilt() throws Exception {
    Project.init(
            folder.resolve("words"), "--group", "org.acme", "--package", "org.acme.nlp.words")
        .maven("test-compile");
    assertThat(folder.resolve("words/target/classes/org/acme/nlp/words/ClassifierPeft.class"))
        .exists();
  }

  @Test
  void aWrongTargetDoesNotCompile() throws Exception {
    Project project = Project.copy("consumer", folder);
    project.replace("src/main/java/com/example/tuning/Classifier.java", "\"down\"}", "\"dwon\"}");
    assertThat(project.tryMaven("compile"))
        .contains("Classifier.java:[12,", "PEFT041", "Did you mean \"down\"?", "BUILD FAILURE");
  }

  /** Two kills, and what is left ends with the bits of a run that was left alone. */
  private void assertGoesOnAfterKills(Project project, String mainClass) throws Exception {
    Path whole = folder.resolve("whole");
    assertThat(project.run(mainClass, whole, EPOCHS))
        .contains("trainable params: ", "checkpoint at step 16", "saved ")
        .doesNotContain("resumed");
    Path killed = folder.resolve("killed");
    project.kill("checkpoint at step 128", mainClass, killed, EPOCHS);
    assertThat(killed.resolve("adapter")).doesNotExist();
    project.kill("checkpoint at step 288", mainClass, killed, EPOCHS);
    assertThat(project.run(mainClass, killed, EPOCHS))
        .containsPattern("resumed at step (288|[3-9]\\d\\d|1[0-5]\\d\\d)\\s")
        .contains("saved ");
    for (String file : new String[] {"adapter_model.safetensors", "adapter_config.json"}) {
      assertThat(killed.resolve("adapter").resolve(file))
          .hasSameBinaryContentAs(whole.resolve("adapter").resolve(file));
    }
  }

  /** peft loads the adapter onto the base in torch, and computes what was computed here. */
  private void assertPeftLoads(Project project, String export) throws Exception {
    Path python = Python.withPeft();
    project.run(export, folder.resolve("whole"));
    Path script = project.add("check.py", "");
    assertThat(Python.run(python, script, folder.resolve("whole"))).contains("same as in peft");
  }
}
