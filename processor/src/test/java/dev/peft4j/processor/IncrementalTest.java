package dev.peft4j.processor;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import javax.annotation.processing.Processor;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The processor within builds that compile a part again, or hide the compiler. */
class IncrementalTest {
  private static final String HEADER =
      """
      import dev.peft4j.annotation.*;
      import dev.peft4j.nn.*;
      import dev.peft4j.nn.Module;
      import java.util.*;

      """;

  @TempDir Path folder;

  @Test
  void writesEachFileFromOneElement() throws IOException {
    var watched = new Watched();
    Compilation.plain(folder)
        .processor(watched)
        .classPath(Stubs.classPath().toArray(Path[]::new))
        .source(
            "p/A.java",
            "package p;\n"
                + HEADER
                + "@Peft(target = \"x\") public class A extends Module { Linear x; }")
        .source(
            "p/B.java",
            "package p;\n"
                + HEADER
                + "@Peft(target = \"x\") @Peft(target = \"x\", adapter = \"b\") public class B"
                + " extends A {}")
        .clean();
    assertThat(watched.origins)
        .containsExactlyInAnyOrder(
            "createSourceFile p.APeft [p.A]", "createSourceFile p.BPeft [p.B]");
    assertThat(resource("META-INF/gradle/incremental.annotation.processors"))
        .isEqualTo(PeftProcessor.class.getName() + ",isolating");
    assertThat(resource("META-INF/services/" + Processor.class.getName()))
        .isEqualTo(PeftProcessor.class.getName());
  }

  /**
   * What an incremental build does: it compiles one class again, against the class files of the
   * others. A class that is wrong leaves the others alone.
   */
  @Test
  void writesTheSameAloneAsTogether() {
    String a =
        "package p;\n"
            + HEADER
            + "@Peft(target = \"x\") public class A extends Module { Linear x; }";
    String b =
        "package p;\n"
            + HEADER
            + "@Peft(target = {\"x\", \"y\"}, r = 2) public class B extends A { Linear y; A inner;"
            + " }";
    var together =
        Compilation.in(folder.resolve("1")).source("p/A.java", a).source("p/B.java", b).clean();
    String onlyB = "p/BPeft.java";
    var alone =
        Compilation.in(folder.resolve("2"))
            .classPath(together.classes())
            .source("p/B.java", b)
            .clean();
    assertThat(alone.generated(onlyB)).isEqualTo(together.generated(onlyB));
    assertThat(alone.generated().resolve("p/APeft.java")).doesNotExist();
    var broken =
        Compilation.in(folder.resolve("3"))
            .source("p/A.java", a)
            .source("p/B.java", b.replace("\"y\"}", "\"z\"}"))
            .compile();
    assertThat(broken.generated("p/APeft.java")).isEqualTo(together.generated("p/APeft.java"));
    assertThat(broken.generated().resolve(onlyB)).doesNotExist();
  }

  private static String resource(String name) throws IOException {
    try (var in = PeftProcessor.class.getClassLoader().getResourceAsStream(name)) {
      assertThat(in).as(name).isNotNull();
      return new String(in.readAllBytes(), StandardCharsets.UTF_8).strip();
    }
  }

  @Test
  void reportsRepeatedAnnotationsWhereTheCompilerIsHidden() {
    Compilation compilation =
        Compilation.plain(folder)
            .processor(new Watched())
            .classPath(Stubs.classPath().toArray(Path[]::new))
            .source(
                "p/A.java",
                "package p;\n"
                    + HEADER
                    + "@Peft(target = \"x\")\n"
                    + "@Peft(target = \"x\")\n"
                    + "public class A extends Module { Linear x; }")
            .compile();
    assertThat(compilation.only(Diagnostic.DUPLICATE_ADAPTER.id()).getSource()).isNotNull();
  }

  @Test
  void isNotDisturbedByAnEarlierBuild() {
    String model =
        "package p;\n"
            + HEADER
            + "@Peft(target = \"x\") public class A extends Module { Linear x; }";
    Path before =
        Compilation.in(folder.resolve("before")).source("p/A.java", model).clean().classes();
    Compilation.in(folder.resolve("after")).classPath(before).source("p/A.java", model).clean();
  }
}
