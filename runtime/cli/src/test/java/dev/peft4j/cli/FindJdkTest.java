package dev.peft4j.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.DisabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;

/** Which of the JDKs of a machine mvnw and the launcher take; here folders that look like JDKs. */
@DisabledOnOs(OS.WINDOWS)
class FindJdkTest {
  private static final Path SCRIPT = Path.of("..", "..", ".mvn", "find-jdk.sh").toAbsolutePath();

  @TempDir Path folder;
  private Path installed;

  @BeforeEach
  void machine() throws IOException {
    installed = Files.createDirectories(folder.resolve("jvm"));
  }

  @Test
  void whatWasSetWins() throws Exception {
    String v25 = jdk("jvm/25", "25.0.3");
    String v26 = jdk("elsewhere/26", "26-ea");
    String v27 = jdk("elsewhere/27", "27.0.1");
    assertThat(find(Map.of("JAVA_HOME", v26))).isEqualTo(v26);
    assertThat(find(Map.of("JAVA_HOME", v26, "JAVA25_HOME", v25))).isEqualTo(v25);
    assertThat(find(Map.of("PATH", v27 + "/bin:/usr/bin:/bin"))).isEqualTo(v27);
    assertThat(find(Map.of("JAVA_HOME", v26, "PATH", v27 + "/bin:/usr/bin:/bin"))).isEqualTo(v26);
  }

  @Test
  void whatIsTooOldIsPassedOver() throws Exception {
    String v17 = jdk("jvm/17", "17.0.15");
    String v25 = jdk("jvm/25", "25");
    assertThat(find(Map.of("JAVA_HOME", v17, "PATH", v17 + "/bin:/usr/bin:/bin"))).isEqualTo(v25);
    assertThat(find(Map.of("JAVA_HOME", folder + "/gone"))).isEqualTo(v25);
  }

  /** TornadoVM goes with 25; a newer one alone will do. */
  @Test
  void ofThoseThatAreInstalledItIs25AndThenTheNewest() throws Exception {
    jdk("jvm/17", "17.0.15");
    jdk("jvm/26", "26.0.1");
    String v29 = jdk("jvm/29", "29");
    jdk("jvm/9", "9.0.4");
    assertThat(find(Map.of())).isEqualTo(v29);
    String v25 = jdk("jvm/temurin-25", "25.0.3");
    assertThat(find(Map.of())).isEqualTo(v25);
  }

  @Test
  void aJreIsNoJdk() throws Exception {
    String jre = jdk("jvm/25", "25.0.3");
    Files.delete(Path.of(jre, "bin", "javac"));
    assertThat(find(Map.of())).isEqualTo("The test needs Java 25 or newer and found none");
    assertThat(find(Map.of("TOOLS", "java"))).isEqualTo(jre);
  }

  @Test
  void noneIsOneSentence() throws Exception {
    jdk("jvm/17", "17.0.15");
    assertThat(find(Map.of())).isEqualTo("The test needs Java 25 or newer and found none");
  }

  private String jdk(String name, String version) throws IOException {
    Path home = folder.resolve(name);
    Files.createDirectories(home.resolve("bin"));
    for (String tool : new String[] {"java", "javac"}) {
      Path file = Files.writeString(home.resolve("bin").resolve(tool), "#!/bin/sh\n");
      assertThat(file.toFile().setExecutable(true)).isTrue();
    }
    Files.writeString(
        home.resolve("release"), "IMPLEMENTOR=\"x\"\nJAVA_VERSION=\"" + version + "\"\n");
    return home.toRealPath().toString();
  }

  /** The folder that is found, or the beginning of what is said. */
  private String find(Map<String, String> environment) throws Exception {
    ProcessBuilder builder =
        new ProcessBuilder(
            "sh",
            "-c",
            "set -euf; . \"$0\"; found=$(find_jdk ${TOOLS:-java} ${TOOLS:-javac}) || no_jdk 'The"
                + " test'; echo \"$found\"",
            SCRIPT.toString());
    builder.redirectErrorStream(true);
    builder.environment().keySet().removeIf(k -> k.startsWith("JAVA"));
    String old = jdk("path/11", "11.0.2");
    builder.environment().put("PATH", old + "/bin:/usr/bin:/bin");
    builder.environment().put("FIND_JDK_PLACES", installed.toString());
    builder.environment().putAll(environment);
    Process process = builder.start();
    String out =
        new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8).strip();
    boolean found = process.waitFor() == 0;
    if (!found) {
      assertThat(out.lines()).hasSize(1);
      assertThat(out).contains("https://adoptium.net", "set JAVA_HOME");
    }
    return found ? out : out.substring(0, out.indexOf(" (in JAVA25_HOME"));
  }
}
