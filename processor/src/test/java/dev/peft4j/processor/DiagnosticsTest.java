package dev.peft4j.processor;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.EnumSet;
import java.util.Locale;
import java.util.Set;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Every diagnostic, provoked: that it is there, where it points, and what it says. */
class DiagnosticsTest {
  private static final Set<Diagnostic> SEEN = EnumSet.noneOf(Diagnostic.class);

  private static final String HEADER =
      """
      package p;

      import dev.peft4j.annotation.*;
      import dev.peft4j.nn.*;
      import dev.peft4j.nn.Module;
      import java.util.*;

      """;

  @TempDir Path folder;

  @ParameterizedTest
  @MethodSource({
    "dev.peft4j.processor.ClassCases#classes",
    "dev.peft4j.processor.ValueCases#values",
    "dev.peft4j.processor.TunerCases#tuners",
    "dev.peft4j.processor.TargetCases#targets",
    "dev.peft4j.processor.TargetCases#warnings"
  })
  void pointsAtWhatIsWrong(Case c) {
    String file = c.source().startsWith("public class Outer") ? "p/Outer.java" : "p/M.java";
    Compilation compilation = Compilation.in(folder).source(file, HEADER + c.source()).compile();

    var diagnostic = compilation.only(c.diagnostic().id());
    String message = diagnostic.getMessage(Locale.ROOT);
    assertThat(message).contains(c.says()).doesNotContain("null");
    assertThat(compilation.success()).as(message).isEqualTo(c.diagnostic().warning());
    if (c.pointedAt().equals("M")) {
      assertThat(Compilation.pointedAt(diagnostic))
          .containsPattern("(class|interface|record|enum) M\\b");
    } else {
      assertThat(Compilation.pointedAt(diagnostic)).isEqualTo(c.pointedAt());
    }
    if (!c.diagnostic().warning()) {
      assertThat(compilation.messages()).as("nothing else").hasSize(1);
      assertThat(compilation.generated().resolve("p/MPeft.java")).doesNotExist();
    }
    SEEN.add(c.diagnostic());
  }

  @Test
  void reportsAllAtOnce() {
    Compilation compilation =
        Compilation.in(folder)
            .source(
                "p/M.java",
                HEADER
                    + "@Peft(target = {\"linaer\", \"norm\"}, r = 0, alpha = -1)\n"
                    + "@Peft(target = \"nope\", adapter = \"b\", dropout = 2)\n"
                    + Case.MODEL)
            .compile();
    assertThat(compilation.messages())
        .extracting(message -> message.substring(0, 7))
        .containsExactlyInAnyOrder(
            "PEFT040", "PEFT042", "PEFT024", "PEFT025", "PEFT040", "PEFT026");
  }

  @AfterAll
  static void provokesAll() {
    // what needs more than one source is provoked in CompilerTest and StrangeTunerTest
    Set<Diagnostic> elsewhere =
        EnumSet.of(
            Diagnostic.RUNTIME_MISSING,
            Diagnostic.UNRESOLVED,
            Diagnostic.PACKAGE_NOT_OPEN,
            Diagnostic.BAD_DESCRIPTOR);
    assertThat(SEEN).isEqualTo(EnumSet.complementOf(EnumSet.copyOf(elsewhere)));
  }
}
