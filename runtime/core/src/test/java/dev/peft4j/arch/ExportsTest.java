package dev.peft4j.arch;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import dev.peft4j.data.ShowsInternals;
import dev.peft4j.unlisted.Lost;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Only the public API is public. */
class ExportsTest {
  @TempDir Path folder;

  @Test
  void onlyThePublicApiIsPublic() {
    Exports.check(Floors.classes(ExportsTest.class));
  }

  @Test
  void internalPackagesOfAllModulesSaySo() throws IOException {
    Path root = Path.of("").toAbsolutePath().getParent().getParent();
    try (Stream<Path> below = Files.find(root, 5, (f, a) -> f.endsWith("src/main/java"))) {
      List<Path> sources = below.filter(f -> !f.toString().contains("target")).toList();
      assertThat(sources).hasSizeGreaterThan(6);
      sources.forEach(Exports::requireSaid);
    }
  }

  @Test
  void anInternalTypeInASignatureIsFound() {
    JavaClasses wrong = new ClassFileImporter().importClasses(ShowsInternals.class);
    assertThatThrownBy(() -> Exports.noInternalTypeIsInASignature().check(wrong))
        .isInstanceOf(AssertionError.class)
        .hasMessageContaining("dev.peft4j.data.ShowsInternals is public API, but ")
        .hasMessageContaining("parameter() has dev.peft4j.log.Log")
        .hasMessageContaining("field has dev.peft4j.log.Log");
  }

  @Test
  void aPackageThatIsNotListedIsFound() {
    JavaClasses lost = new ClassFileImporter().importClasses(Lost.class);
    assertThatThrownBy(() -> Exports.everyPackageIsListed().check(lost))
        .isInstanceOf(AssertionError.class)
        .hasMessageContaining("dev.peft4j.unlisted is the public API or internal");
  }

  @Test
  void anInternalPackageHasToSaySo() throws IOException {
    Path log = Files.createDirectories(folder.resolve("dev/peft4j/log"));
    Files.writeString(log.resolve("package-info.java"), "/** Warnings. */ package dev.peft4j.log;");
    assertThatThrownBy(() -> Exports.requireSaid(folder))
        .isInstanceOf(AssertionError.class)
        .hasMessageContaining("internal packages that do not say");
  }
}
