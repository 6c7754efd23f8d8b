package dev.peft4j.processor;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** Models whose constructors and accessors Lombok writes, with Lombok first and last. */
class LombokTest {
  private static final String HEAD =
      """
      package n;
      import dev.peft4j.annotation.Peft;
      import dev.peft4j.nn.Linear;
      import dev.peft4j.nn.Module;
      import java.util.List;
      import lombok.*;
      import lombok.experimental.*;
      """;

  private static final Path LOMBOK = Stubs.home(lombok.Getter.class);
  private static final String PROCESSOR =
      "lombok.launch.AnnotationProcessorHider$AnnotationProcessor";
  private static final String NEW = "new Linear(2, 2)";

  @TempDir Path folder;

  static Stream<Arguments> models() {
    return Stream.of(
            "@RequiredArgsConstructor public class Lm extends Module { final Linear fc; }",
            "@AllArgsConstructor public class Lm extends Module { final Linear fc; int i; Lm(Linear"
                + " f) { fc = f; } }",
            "@NoArgsConstructor public class Lm extends Module { final Linear fc = NEW; Lm(int i)"
                + " {} }",
            "public class Lm extends Module { @Getter private final Linear fc = NEW; }",
            "@Getter @AllArgsConstructor public class Lm extends Module { private final Linear fc;"
                + " }",
            "@Getter @Accessors(fluent = true) public class Lm extends Module { private final"
                + " Linear fc = NEW; }",
            "@Data @EqualsAndHashCode(callSuper = false) public class Lm extends Module { private"
                + " final Linear fc; }",
            "@NonFinal @Value @EqualsAndHashCode(callSuper = false) public class Lm extends Module"
                + " { Linear fc; }",
            "@FieldDefaults(level = AccessLevel.PRIVATE) public class Lm extends Module { @Getter"
                + " Linear fc = NEW; }",
            "@Builder public class Lm extends Module { final Linear fc; }",
            "public class Lm extends Module { final Linear fc; @Builder public Lm(@NonNull Linear"
                + " fc) { this.fc = fc; } }",
            "public class Lm extends Base {}",
            "public class Lm extends Module { final List<Block> blocks = List.of(new Block()); }",
            "public class Lm extends Module { final Linear fc = NEW; int f() { val x = 3; return x;"
                + " } }")
        .flatMap(model -> Stream.of(Arguments.of(model, true), Arguments.of(model, false)));
  }

  @ParameterizedTest
  @MethodSource("models")
  void comesFirstOrLast(String model, boolean first) {
    Map<Path, String> said = compile(model, order(first, !first));
    assertThat(said).isEmpty();
    assertThat(folder.resolve("out/n/LmPeft.class")).exists();
  }

  @Test
  void saysSoWhenLombokIsNotThere() {
    Map<Path, String> said =
        compile(
            "public class Lm extends Module { @Getter private Linear fc; }", order(false, false));
    assertThat(said.values())
        .singleElement()
        .asString()
        .contains("PEFT014", "lombok.Getter", "annotation processors");
  }

  @Test
  void finalClassesOfLombokAreFinal() {
    String value =
        "@Value @EqualsAndHashCode(callSuper = false) public class Lm extends Module { Linear fc;"
            + " }";
    assertThat(compile(value, order(false, true)).values())
        .singleElement()
        .asString()
        .contains("PEFT002");
  }

  /** The processors in the order in which the compiler calls them. */
  private static String order(boolean first, boolean last) {
    String own = PeftProcessor.class.getName();
    return (first ? PROCESSOR + "," : "") + own + (last ? "," + PROCESSOR : "");
  }

  private Map<Path, String> compile(String model, String processors) {
    Compilation sources =
        Compilation.plain(folder)
            .source(HEAD + "@Peft(target = \"fc\") " + model.replace("NEW", NEW))
            .source(
                HEAD
                    + "@Getter public class Block extends Module { private Linear fc = %s; }"
                        .formatted(NEW))
            .source(
                HEAD
                    + "public class Base extends Module { @Getter(AccessLevel.PROTECTED) private"
                    + " Linear fc = %s; }".formatted(NEW));
    List<Path> classPath = Stream.concat(Stubs.classPath().stream(), Stream.of(LOMBOK)).toList();
    Map<Path, String> said =
        Javac.of(Runtime.version().feature())
            .orElseThrow()
            .compile(
                sources.files(),
                folder.resolve("out"),
                classPath,
                "-processorpath",
                System.getProperty("java.class.path"),
                "-processor",
                processors);
    // what is of no file: Lombok's own use of the JDK
    said.remove(Path.of(""));
    return said;
  }
}
