package dev.peft4j.integration;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeFalse;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.File;
import java.io.IOException;
import java.lang.module.FindException;
import java.lang.module.ModuleFinder;
import java.lang.module.ModuleReference;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.jar.JarFile;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;

/** The artifacts: what each has to bring along, and how they fit together. */
class PublishedTest {
  @Test
  void librariesAreThereWithSourcesAndDocumentation() throws IOException {
    List<String> jars = Built.jars();
    assertThat(jars)
        .contains(
            "peft4j-annotations",
            "peft4j-chat",
            "peft4j-core",
            "peft4j-kotlin",
            "peft4j-langchain4j",
            "peft4j-processor",
            "peft4j-spark",
            "peft4j-transformers");
    for (String artifact : jars) {
      assertThat(entries(Built.attached(artifact, "-sources.jar")))
          .as("sources of " + artifact)
          .anyMatch(e -> e.endsWith(".java") || e.endsWith(".kt"));
      assertThat(entries(Built.attached(artifact, "-javadoc.jar"))).contains("index.html");
    }
  }

  @Test
  void librariesHaveABillOfMaterials() throws IOException {
    assumeFalse(
        Built.property("maven.offline").endsWith("true"),
        "not looked at: CycloneDX makes no bill of materials while Maven is offline");
    for (String artifact : Built.jars()) {
      JsonNode bom = new ObjectMapper().readTree(sbom(artifact));
      assertThat(bom.path("bomFormat").asText()).isEqualTo("CycloneDX");
      assertThat(bom.path("metadata").path("component").path("name").asText()).isEqualTo(artifact);
    }
    JsonNode core = new ObjectMapper().readTree(sbom("peft4j-core"));
    assertThat(core.path("components").findValuesAsText("name"))
        .contains("peft4j-annotations", "openblas", "jackson-databind")
        .doesNotContain("junit-jupiter", "assertj-core");
  }

  @Test
  void eachJarHasAModuleNameOfItsOwn() throws IOException {
    Map<String, String> names = new HashMap<>();
    for (String artifact : Built.jars()) {
      try (JarFile jar = new JarFile(jar(artifact).toFile())) {
        String name = jar.getManifest().getMainAttributes().getValue("Automatic-Module-Name");
        assertThat(name).as(artifact).matches("dev\\.peft4j\\.[a-z][a-z0-9]*");
        assertThat(names.put(name, artifact)).as("module " + name).isNull();
      }
    }
  }

  @Test
  void noPackageIsInTwoJars() throws IOException {
    Map<String, String> owners = new HashMap<>();
    for (String artifact : Built.jars()) {
      Set<String> packages = new HashSet<>();
      for (String entry : entries(jar(artifact))) {
        if (entry.endsWith(".class") && !entry.startsWith("META-INF/")) {
          packages.add(entry.substring(0, entry.lastIndexOf('/')));
        }
      }
      assertThat(packages).as(artifact).isNotEmpty();
      for (String p : packages) {
        assertThat(owners.put(p, artifact)).as(p + " is in " + artifact + " and").isNull();
      }
    }
  }

  /** The module system reads the jars as modules, with the packages and services that they have. */
  @Test
  void jarsAreModules() throws FindException {
    Path[] jars = Built.jars().stream().map(PublishedTest::jar).toArray(Path[]::new);
    Map<String, ModuleReference> modules =
        ModuleFinder.of(jars).findAll().stream()
            .collect(Collectors.toMap(m -> m.descriptor().name(), m -> m));
    assertThat(modules).hasSize(jars.length);
    var core = modules.get("dev.peft4j.core").descriptor();
    assertThat(core.packages()).contains("dev.peft4j.nn", "dev.peft4j.tuner", "dev.peft4j.train");
    assertThat(core.provides().stream().map(p -> p.service()))
        .contains("dev.peft4j.tuner.Tuner", "dev.peft4j.backend.Backend");
    assertThat(modules.get("dev.peft4j.processor").descriptor().provides().toString())
        .contains("dev.peft4j.processor.PeftProcessor");
  }

  @Test
  void theBillOfMaterialsListsThemAll() throws IOException {
    String pom = Files.readString(Built.published("peft4j-bom", ".pom"));
    Set<String> listed =
        Pattern.compile("<artifactId>(peft4j-.*?)</artifactId>")
            .matcher(pom)
            .results()
            .map(m -> m.group(1))
            .collect(Collectors.toSet());
    assertThat(listed).containsAll(Built.jars());
    assertThat(pom).doesNotContain("<parent>").contains("<version>" + Built.VERSION + "</version>");
  }

  /** A processor shares its path with others: it brings its own copy of what it needs. */
  @Test
  void theProcessorHidesWhatItUses() throws IOException {
    assertThat(entries(jar("peft4j-processor")))
        .filteredOn(e -> e.endsWith(".class"))
        .allMatch(e -> e.startsWith("dev/peft4j/processor/"))
        .anyMatch(e -> e.startsWith("dev/peft4j/processor/shaded/javapoet/"));
    assertThat(Files.readString(Built.published("peft4j-processor", ".pom")))
        .doesNotContain("<artifactId>javapoet</artifactId>");
  }

  private static Path jar(String artifact) {
    return Built.published(artifact, ".jar");
  }

  private static File sbom(String artifact) {
    return Built.attached(artifact, "").resolveSibling("bom.json").toFile();
  }

  private static List<String> entries(Path file) throws IOException {
    try (JarFile jar = new JarFile(file.toFile())) {
      return jar.stream().map(e -> e.getName()).toList();
    }
  }
}
