package dev.peft4j.processor;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.Locale;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What the compiler warns of, it does not find in generated code: every lint is on. */
class WarningsTest {
  private static final String HEAD =
      """
      package n;
      import dev.peft4j.annotation.Peft;
      import dev.peft4j.nn.Linear;
      import dev.peft4j.nn.Module;
      import java.util.*;
      import java.util.function.*;
      """;

  @TempDir Path folder;

  private Compilation compilation(String... files) {
    Compilation compilation = Compilation.in(folder).option("-Xlint:all", "-Werror");
    for (String file : files) {
      compilation.source(HEAD + file);
    }
    return compilation;
  }

  private String generated(String name, String... files) {
    return compilation(files).clean().generated("n/" + name + ".java");
  }

  @Test
  void theAnnotationsAreClaimed() {
    generated(
        "LmPeft",
        "@Peft(target = \"fc\") public class Lm extends Module {"
            + " @dev.peft4j.annotation.CheckpointName(\"fc\") Linear f; }");
  }

  @Test
  void whatClassesAroundSuppress() {
    assertThat(
            generated(
                "Outer_Mid_LmPeft",
                "@Deprecated(forRemoval=true) public class Old {}",
                "@SuppressWarnings(\"removal\") public class Outer {"
                    + " @SuppressWarnings(\"rawtypes\") public static class Mid {"
                    + " @Peft(target=\"fc\") public static class Lm extends Module { final Linear"
                    + " fc = new Linear(2,2); public Lm(List l) {} public Lm(Old o){} } } }"))
        .contains("@SuppressWarnings({\"rawtypes\", \"removal\", \"this-escape\"})");
  }

  @Test
  void whatIsDeprecatedWithinTheModel() {
    assertThat(
            generated(
                "LmPeft",
                "@Peft(target=\"fc\") public class Lm extends Module { @Deprecated Linear fc;"
                    + " @Deprecated(forRemoval = true) public static class Old {} public Lm(Old o)"
                    + " {} @Deprecated public Lm() {} }"))
        .contains("\"deprecation\"", "\"removal\"");
    // all that is left is what javac does not ask for
    assertThat(
            Compilation.in(folder.resolve("around"))
                .option("-Xlint:all", "-Werror")
                .source(
                    HEAD
                        + "@Deprecated(since = \"1\", forRemoval = true) public class Outer {"
                        + " @Peft(target=\"fc\") public static class Lm extends Module { Linear fc;"
                        + " } }")
                .clean()
                .generated("n/Outer_LmPeft.java"))
        .contains("\"removal\"")
        .doesNotContain("@Deprecated");
  }

  /** A call from what is deprecated itself is warned of if the callee is to be removed. */
  @Test
  void aConstructorIsToBeRemoved() {
    assertThat(
            generated(
                "LmPeft",
                "@Peft(target=\"fc\") public class Lm extends Module { Linear fc;"
                    + " @Deprecated(since = \"1\", forRemoval = true) public Lm() {}"
                    + " @SuppressWarnings(\"removal\") public Lm(int n) {} }"))
        .contains("@SuppressWarnings({\"this-escape\", \"removal\"})");
  }

  @Test
  void theModelIsDeprecatedItself() {
    assertThat(
            generated(
                "LmPeft",
                "@Deprecated(since = \"1\", forRemoval = true) @Peft(target=\"fc\") public class Lm"
                    + " extends Module { Linear fc; }"))
        .contains("@Deprecated(\n", "forRemoval = true");
  }

  @Test
  void accessorsThatAreDeprecated() {
    generated(
        "LmPeft",
        "@Peft(target=\"fc\") public class Lm extends Module { private Linear fc; @Deprecated"
            + " Linear getFc() { return fc; } }");
  }

  @Test
  void serializableAndAmbiguousModels() {
    assertThat(
            generated(
                "LmPeft",
                "@Peft(target=\"fc\") public class Lm extends Module implements"
                    + " java.io.Serializable { private static final long serialVersionUID = 1;"
                    + " transient Linear fc; }"))
        .contains("\"serial\"");
  }

  @Test
  void exceptionsThatCannotBeSeen() {
    assertThat(
            generated(
                "LmPeft",
                "@Peft(target=\"fc\") public class Lm extends Module { Linear fc;"
                    + " @SuppressWarnings(\"serial\") private static class A extends"
                    + " java.io.IOException {} @SuppressWarnings(\"serial\") private static class B"
                    + " extends IllegalStateException {} public Lm() throws A, B {} public <E"
                    + " extends Exception> Lm(E e) throws E, java.io.IOException {} }"))
        .contains("LmPeft() throws IOException {")
        .contains("<E extends Exception> LmPeft(E e) throws E, IOException {");
  }

  @Test
  void theProcessorsOwnAreSilenced() {
    String model =
        "public class Lm extends Module { Linear fc; private static class P {} public Lm() {}"
            + " public Lm(P p) {} }";
    generated("LmPeft", "@SuppressWarnings(\"PEFT008\") @Peft(target=\"fc\") " + model);
    assertThat(
            Compilation.in(folder.resolve("aloud"))
                .source(HEAD + "@Peft(target=\"fc\") " + model)
                .compile()
                .messages())
        .hasSize(1);
  }

  @Test
  void methodsThatTheAdaptedClassCannotInherit() {
    String save = "public class Lm extends Module { Linear fc; public %s }";
    for (String method :
        new String[] {
          "int save(java.nio.file.Path p) { return 1; }",
          "static void save(java.nio.file.Path p) {}",
          "void save(java.nio.file.Path p) throws Exception {}",
          "Object adapters() { return this; }"
        }) {
      assertThat(
              Compilation.in(folder.resolve("m" + method.hashCode()))
                  .source(HEAD + "@Peft(target=\"fc\") " + save.formatted(method))
                  .compile()
                  .only("PEFT011")
                  .getMessage(Locale.ROOT))
          .contains(method.contains("save") ? "such as saveModel" : "such as modelAdapters");
    }
    assertThat(
            compilation(
                    "public interface Saved { default void save(java.nio.file.Path p) {} }",
                    "@Peft(target=\"fc\") public class Lm extends Module implements Saved { Linear"
                        + " fc; void saveModel() {} }")
                .compile()
                .only("PEFT011")
                .getMessage(Locale.ROOT))
        .contains("Saved declares save", "such as ownSave");
  }

  @Test
  void boundsThatCannotBeSeen() {
    assertThat(
            compilation(
                    "public class Outer { private static class P {} @Peft(target=\"fc\") public"
                        + " static class Lm<T extends P> extends Module { Linear fc; } }")
                .compile()
                .only("PEFT019")
                .getMessage(Locale.ROOT))
        .contains("Outer.P", "package-private");
    assertThat(
            Compilation.in(folder.resolve("constructor"))
                .source(
                    HEAD
                        + "@Peft(target=\"fc\") public class Lm extends Module { Linear fc; private"
                        + " static class P {} public Lm() {} public <T extends P> Lm(T t) {} }")
                .compile()
                .messages())
        .singleElement()
        .asString()
        .startsWith("PEFT008");
  }

  @Test
  void typesThatOnlySubclassesSee() {
    Compilation.in(folder)
        .option("-Xlint:all", "-Werror")
        .source(
            "far/Base.java",
            "package far; public class Base extends dev.peft4j.nn.Module { protected static class"
                + " Size { public Size() {} } }")
        .source(
            HEAD
                + "@Peft(target=\"fc\") public class Lm extends far.Base { Linear fc; public"
                + " Lm(Size s) {} }")
        .clean();
  }

  @Test
  void aClassIsNotCalledAsAPackage() {
    assertThat(
            Compilation.in(folder)
                .source("n/LmPeft/X.java", "package n.LmPeft; public class X {}")
                .source(HEAD + "@Peft(target=\"fc\") public class Lm extends Module { Linear fc; }")
                .compile()
                .only("PEFT009")
                .getMessage(Locale.ROOT))
        .contains("n.LmPeft");
  }

  @Test
  void listsOfClassesThatCannotBeSeen() {
    String model =
        "@SuppressWarnings(\"serial\") @Peft(target = \"%s\") public class Lm extends Module {"
            + " private static class Blocks extends ArrayList<Linear> {} final Blocks blocks = new"
            + " Blocks(); final Linear fc = new Linear(2, 2); }";
    assertThat(
            compilation(model.formatted("blocks.0"))
                .compile()
                .only("PEFT045")
                .getMessage(Locale.ROOT))
        .contains("Lm.Blocks is private", "Make it visible");
    Compilation.in(folder.resolve("other"))
        .option("-Xlint:all", "-Werror")
        .source(HEAD + model.formatted("fc"))
        .clean();
  }

  @Test
  void lambdasThatCouldMeanEither() {
    assertThat(
            generated(
                "LmPeft",
                "@Peft(target=\"fc\") public class Lm extends Module { Linear fc; public int"
                    + " save(java.nio.file.Watchable w) { return 1; } }"))
        .contains("\"overloads\"");
  }
}
