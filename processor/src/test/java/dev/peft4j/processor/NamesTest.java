package dev.peft4j.processor;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.Locale;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Names in a model that are those of what the generated class uses. */
class NamesTest {
  private static final String HEAD =
      """
      package n;
      import dev.peft4j.annotation.Peft;
      import dev.peft4j.nn.Linear;
      import dev.peft4j.nn.Module;
      """;

  private static final String ALL =
      "@Peft(target = \"fc\", init = dev.peft4j.annotation.Init.GAUSSIAN, bias ="
          + " dev.peft4j.annotation.Bias.ALL)\n";

  @TempDir Path folder;

  private Compilation compile(String... files) {
    Compilation compilation = Compilation.in(folder).option("-Xlint:all", "-Werror");
    for (String file : files) {
      compilation.source(HEAD + file);
    }
    return compilation.clean();
  }

  private String generated(String... files) {
    return compile(files).generated("n/LmPeft.java");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "AdapterSet",
        "LoraConfig",
        "Init",
        "Bias",
        "PeftModel",
        "AdaptedModel",
        "Override",
        "Generated",
        "String",
        "SuppressWarnings",
        "Deprecated",
        "List",
        "Module",
        "Lm",
        "LmPeft",
        "dev",
        "java",
        "javax",
        "n"
      })
  void ofTypesWithinAboveAndBeside(String name) {
    // within itself a class cannot have its own name
    if (!name.equals("Lm")) {
      generated(
          ALL
              + "public class Lm extends dev.peft4j.nn.Module { final Linear fc = new Linear(2, 2);"
              + " public static class %s {} }".formatted(name));
    }
    if (!name.equals("dev")) {
      Compilation.in(folder.resolve("above"))
          .option("-Xlint:all", "-Werror")
          .source(
              "n/Base.java",
              "package n; public class Base extends dev.peft4j.nn.Module { protected interface %s"
                      .formatted(name)
                  + " {} }")
          .source(
              HEAD + ALL + "public class Lm extends Base { final Linear fc = new Linear(2, 2); }")
          .clean();
    }
    if (!name.startsWith("Lm")) {
      Compilation.in(folder.resolve("beside"))
          .option("-Xlint:all", "-Werror")
          .source("n/" + name + ".java", "package n; class %s {}".formatted(name))
          .source(
              HEAD
                  + ALL
                  + "public class Lm extends dev.peft4j.nn.Module { final Linear fc = new"
                  + " Linear(2, 2); public Lm(n.%s p, Lm lm) {} }".formatted(name))
          .compile();
    }
  }

  @Test
  void ofEverythingAtOnce() {
    String text =
        generated(
            "public class Base extends dev.peft4j.nn.Module { public static class Init {} public"
                + " static class LoraConfig {} protected interface AdapterSet {} static class Bias"
                + " {} static class PeftModel {} static class AdaptedModel {} static class"
                + " Generated {} static class Override {} static class String {} static class"
                + " SuppressWarnings {} static class Deprecated {} }",
            "@java.lang.Deprecated " + ALL + "public class Lm extends Base { Linear fc; }");
    assertThat(text)
        .contains(
            "private final dev.peft4j.tuner.AdapterSet adapters;",
            "@java.lang.Override",
            "return dev.peft4j.tuner.AdaptedModel.of(model, attach(model));",
            ".init(dev.peft4j.annotation.Init.GAUSSIAN)");
  }

  @Test
  void ofVariables() {
    String text =
        generated(
            ALL
                + "public class Lm extends Module { Linear fc; int dev; int java; String"
                + " AdapterSet; int adapters, model, a, i, DEFAULT;\n"
                + "public Lm(int adapters, int model, int DEFAULT, String... a) {} }");
    // obscured where it could be a variable, and a package by a variable, too
    assertThat(text)
        .contains("AdapterSet adapters = ((AdapterSet) null).freezing(model);")
        .contains("AdaptedModel.of(model, attach(model))")
        .contains("public LmPeft(int adapters, int model, int DEFAULT, String... a)")
        .contains("\"static\"");
  }

  @Test
  void ofTypeVariables() {
    assertThat(
            generated(
                ALL
                    + "public class Lm<AdapterSet, String extends Comparable<String>> extends"
                    + " Module { Linear fc; public <Bias extends java.util.List<AdapterSet>>"
                    + " Lm(Bias b, java.lang.String s) {} }"))
        .contains("<Bias extends List<AdapterSet>> LmPeft(Bias b, java.lang.String s)")
        .contains("private final dev.peft4j.tuner.AdapterSet adapters;");
  }

  @Test
  void importsShadowWhatIsBeside() {
    assertThat(
            generated(
                "public class List {}",
                ALL
                    + "public class Lm extends Module { Linear fc; public Lm(List mine,"
                    + " java.util.List<List> theirs) {} }"))
        .contains("public LmPeft(List mine, java.util.List<List> theirs)");
    assertThat(
            Compilation.in(folder.resolve("override"))
                .source("package n; class Override {}".replace("; ", ";\n"))
                .source(HEAD + ALL + "public class Lm extends Module { Linear fc; }")
                .clean()
                .generated("n/LmPeft.java"))
        .contains("import java.lang.Override;");
  }

  @Test
  void namesWhatIsStillToBeGenerated() {
    compile(
        ALL + "public class Lm extends Module { Linear fc; }",
        "@Peft(target = \"fc\", className = \"Override\") class Other extends Module { Linear fc;"
            + " }");
  }

  /** A qualified name that begins like a class of java.lang is that class's. */
  @Test
  void ofAPackageThatIsNamedLikeAClass() {
    String imports = HEAD.substring(HEAD.indexOf(';') + 1);
    assertThat(
            Compilation.in(folder)
                .source(
                    "package Object.m; "
                        + imports
                        + "public class AdaptedModel { @Peft(target = \"fc\") public static class"
                        + " Lm extends Module { Linear fc; } }")
                .clean()
                .generated("Object/m/AdaptedModel_LmPeft.java"))
        .contains("dev.peft4j.tuner.AdaptedModel<AdaptedModel.Lm> adapt(");
  }

  @Test
  void saysSoWhenNoNameIsLeft() {
    Compilation compilation =
        Compilation.in(folder)
            .source(
                HEAD
                    + "@Peft(target = \"fc\") public class Lm extends Module { Linear fc; interface"
                    + " AdapterSet {} interface dev {} }")
            .compile();
    assertThat(compilation.only("PEFT019").getMessage(Locale.ROOT))
        .contains("LmPeft has to name dev.peft4j.tuner.AdapterSet", "AdapterSet and dev");
  }

  @Test
  void annotationsOfParametersGoWithTheName() {
    String text =
        generated(
            "import java.lang.annotation.*;\n"
                + "@Target({ElementType.TYPE_USE, ElementType.PARAMETER})\n"
                + "public @interface Dual { E[] of() default {}; double d() default 0; }",
            "public enum E { X }",
            ALL
                + "public class Lm extends Module { Linear fc; public static class List {} public"
                + " static class E {} public Lm(@Dual(of = {}, d = 1 / 0.0) List own, @Dual(of ="
                + " n.E.X) int e, java.util.@Dual List<@Dual String> l, @Dual String @Dual [] s)"
                + " {} }");
    assertThat(text)
        .contains("Lm.@Dual(of = {}, d = 1.0 / 0.0) List own")
        .contains("@Dual(of = n.E.X) int e")
        .contains("java.util.@Dual List<@Dual String> l", "@Dual String @Dual [] s");
  }

  @Test
  void namesOfCheckpointsMayBeAnything() {
    Compilation.in(folder)
        .source(
            HEAD
                + "@Peft(target = \"fc\") public class Lm extends Module {\n"
                + "@dev.peft4j.annotation.CheckpointName(\"*/ \\\\u000a {\") Block b = new Block();"
                + " static class Block extends Module { Linear fc; } }")
        .clean();
  }

  private static final String OF_CLASS =
      HEAD
          + "import dev.peft4j.annotation.CheckpointName;\n"
          + "@Peft(target = \"%s\") public class Lm extends Headed<Small> {}\n"
          + "@CheckpointName(\"base\") class Block extends Module { Linear fc; }\n"
          + "class Small extends Block {}\n"
          + "class Headed<B extends Block> extends Module {"
          + " @CheckpointName(CheckpointName.OF_CLASS) B block; Linear head; }";

  @Test
  void aModuleMayHaveTheNameOfItsClass() {
    Compilation.in(folder).source(OF_CLASS.formatted("base.fc")).clean();
    Path other = folder.resolve("other");
    assertThat(Compilation.in(other).source(OF_CLASS.formatted("block.fc")).compile().messages())
        .anyMatch(m -> m.contains("block.fc") && m.contains("base.fc"));
  }
}
