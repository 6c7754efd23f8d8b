package dev.peft4j.processor;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.Locale;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The annotation of a tuner that the processor has never heard of, in a jar of its own. */
class StrangeTunerTest {
  private static final String ANNOTATION =
      """
      package toy;

      import dev.peft4j.annotation.*;
      import dev.peft4j.nn.*;
      import java.lang.annotation.*;

      @Retention(RetentionPolicy.CLASS)
      @Target(ElementType.TYPE)
      @Repeatable(Toy.List.class)
      @TunerDescriptor(peftType = "TOY", config = ToyConfig.class, layers = {Linear.class, Conv2d.class})
      public @interface Toy {
          enum Mood { CALM, WILD }
          @interface Pace { String key(); float pace() default 1; }
          String[] target() default {};
          String targetRegex() default "";
          String[] modulesToSave() default {};
          String adapter() default "default";
          @Setting(min = 1, max = 16) int gears() default 4;
          @Setting(above = 0, below = 1, goesWith = "mood=WILD") double slip() default 0.5;
          @Setting(min = 0) float heat() default 0;
          long seed() default 777;
          boolean loud() default true;
          @Setting(oneOf = {"red", "blue"}) String colour() default "red";
          Mood mood() default Mood.CALM;
          @Setting(min = 0) int[] cuts() default {};
          String[] tags() default "";
          @Setting(setter = "paced") Pace[] pace() default {};
          @Setting(names = Setting.Names.TARGETS) String[] slow() default {};
          RankPattern[] rankPattern() default {};
          @Retention(RetentionPolicy.CLASS) @Target(ElementType.TYPE) @interface List { Toy[] value(); }
      }
      """;

  private static final String CONFIG =
      """
      package toy;

      import dev.peft4j.target.TargetSpec;
      import dev.peft4j.tuner.PeftConfig;

      public record ToyConfig(String text, TargetSpec targets) implements PeftConfig {
          public static Builder builder() { return new Builder(); }
          @Override public String toString() { return text; }

          public static final class Builder {
              private final StringBuilder text = new StringBuilder("TOY");
              private final TargetSpec.Builder spec = TargetSpec.builder();
              private Builder say(String what, Object... values) {
                  text.append(' ').append(what).append('=').append(java.util.Arrays.toString(values));
                  return this;
              }
              public Builder targets(String... t) { spec.targets(t); return say("targets", (Object[]) t); }
              public Builder gears(int v) { return say("gears", v); }
              public Builder slip(double v) { return say("slip", v); }
              public Builder heat(float v) { return say("heat", v); }
              public Builder seed(long v) { return say("seed", v); }
              public Builder loud(boolean v) { return say("loud", v); }
              public Builder colour(String v) { return say("colour", v); }
              public Builder mood(Toy.Mood v) { return say("mood", v); }
              public Builder cuts(int... v) { return say("cuts", java.util.Arrays.toString(v)); }
              public Builder tags(String... v) { return say("tags", (Object[]) v); }
              public Builder paced(String key, float v) { return say("paced", key, v); }
              public Builder slow(String... v) { return say("slow", (Object[]) v); }
              public ToyConfig build() { return new ToyConfig(text.toString(), spec.build()); }
          }
      }
      """;

  private static final String BODY =
      """
       public class M extends Module {
          final Linear fc1 = new Linear(1, 1);
          final Linear fc2 = new Linear(1, 1);
          final Conv2d conv = new Conv2d(1, 1);
          final Embedding words = new Embedding(1, 1);
          public static Object run() { return new MPeft().adapters().log; }
      }
      """;

  @TempDir Path folder;

  private Path jar() {
    Path classes =
        Compilation.plain(folder.resolve("toy"))
            .classPath(Stubs.classPath().toArray(Path[]::new))
            .source("toy/Toy.java", ANNOTATION)
            .source("toy/ToyConfig.java", CONFIG)
            .clean()
            .classes();
    return Stubs.jar(folder.resolve("toy.jar"), classes, "");
  }

  private static String model(String annotations) {
    return """
    package p;
    import dev.peft4j.annotation.*;
    import dev.peft4j.nn.*;
    import dev.peft4j.nn.Module;
    import toy.Toy;
    """
        + annotations
        + BODY;
  }

  private Compilation compilation(String annotations) {
    return Compilation.in(folder.resolve("m" + annotations.hashCode()))
        .classPath(jar())
        .option("-Xlint:all", "-Werror")
        .source("p/M.java", model(annotations));
  }

  @Test
  void isWrittenAsItsAnnotationSays() {
    Path jar = jar();
    Compilation compilation =
        Compilation.in(folder)
            .classPath(jar)
            .option("-Xlint:all", "-Werror")
            .source(
                "p/M.java",
                model(
                    "@Toy(target = {\"fc1\", \"conv\"}, gears = 2, slip = .25, heat = 1.5f, seed ="
                        + " 1L << 40, loud = false, colour = \"blue\", mood = Toy.Mood.WILD, cuts ="
                        + " {1, 2}, tags = \"a\", slow = \"conv\", pace = {@Toy.Pace(key ="
                        + " \"fc1\"), @Toy.Pace(key = \"x\", pace = 2.5f)})"))
            .clean();
    assertThat(compilation.generated("p/MPeft.java"))
        .contains("<p>{@code default} is a Toy adapter:", "private static final ToyConfig DEFAULT")
        .contains(".seed(1099511627776L)", ".mood(Toy.Mood.WILD)", ".paced(\"x\", 2.5f)");
    assertThat(String.valueOf(compilation.call("p.M", "run", jar)))
        .contains(
            "TOY targets=[fc1, conv] gears=[2] slip=[0.25] heat=[1.5] seed=[1099511627776]"
                + " loud=[false] colour=[blue] mood=[WILD] slow=[conv] cuts=[[1, 2]] tags=[a]"
                + " paced=[fc1, 1.0] paced=[x, 2.5]",
            "attach fc1, attach conv");
  }

  @Test
  void mayBeRepeated() {
    Path jar = jar();
    Compilation compilation =
        Compilation.in(folder)
            .classPath(jar)
            .option("-Xlint:all", "-Werror")
            .source(
                "p/M.java",
                model("@Toy(target = \"fc1\")\n@Toy(target = \"fc2\", adapter = \"b\", gears = 1)"))
            .clean();
    assertThat(String.valueOf(compilation.call("p.M", "run", jar)))
        .contains("add default TOY targets=[fc1]", "add b TOY targets=[fc2] gears=[1]");
  }

  @Test
  void mayBeCompiledWithTheModel() {
    Compilation.in(folder)
        .option("-Xlint:all", "-Werror")
        .source("toy/Toy.java", ANNOTATION)
        .source("toy/ToyConfig.java", CONFIG)
        .source("p/M.java", model("@Toy(target = \"fc1\")"))
        .clean();
  }

  /**
   * An incremental build gives the processor one class alone, and annotations of others besides.
   */
  @Test
  void isFoundAmongAnnotationsOfOthers() {
    String others = "@FunctionalInterface interface F { void f(); }";
    Compilation together =
        Compilation.in(folder.resolve("1"))
            .classPath(jar())
            .source("p/F.java", "package p; " + others)
            .source("p/Mark.java", "package p; public @interface Mark {}")
            .source("p/M.java", model("@Mark @Toy(target = \"fc1\")"))
            .clean();
    Compilation alone =
        Compilation.in(folder.resolve("2"))
            .classPath(folder.resolve("toy.jar"), together.classes())
            .source("p/M.java", model("@Mark @Toy(target = \"fc1\")"))
            .clean();
    assertThat(alone.generated("p/MPeft.java")).isEqualTo(together.generated("p/MPeft.java"));
  }

  private void says(String annotation, Diagnostic diagnostic, String at, String... what) {
    Compilation compilation = compilation(annotation).compile();
    var found = compilation.only(diagnostic.id());
    assertThat(found.getMessage(Locale.ROOT)).contains(what);
    assertThat(Compilation.pointedAt(found)).isEqualTo(at);
    assertThat(compilation.messages()).hasSize(1);
    assertThat(compilation.success()).isFalse();
  }

  @Test
  void whatIsWrongIsSaidWhereItIs() {
    says("@Toy", Diagnostic.NO_TARGET, "@Toy", "@Toy names no layer", "fc1 (Linear)");
    says(
        "@Toy(target = \"fc\")",
        Diagnostic.NO_SUCH_TARGET,
        "\"fc\"",
        "M has no module called \"fc\". Did you mean \"fc1\" or \"fc2\"?");
    says(
        "@Toy(target = \"words\")",
        Diagnostic.UNSUPPORTED_MODULE,
        "\"words\"",
        "words (Embedding), which takes no Toy adapter: only Linear and Conv2d do.");
    says(
        "@Toy(target = \"fc1\", gears = 17)",
        Diagnostic.BAD_SETTING,
        "17",
        "gears is 17. Write at least 1 and at most 16.");
    says(
        "@Toy(target = \"fc1\", slip = 1, mood = Toy.Mood.WILD)",
        Diagnostic.BAD_SETTING,
        "1",
        "slip is 1.0. Write more than 0 and less than 1.");
    says(
        "@Toy(target = \"fc1\", slip = 0.1)",
        Diagnostic.BAD_SETTING,
        "0.1",
        "slip goes with mood = WILD, not with CALM. Leave one of them out.");
    says(
        "@Toy(target = \"fc1\", colour = \"green\")",
        Diagnostic.BAD_SETTING,
        "\"green\"",
        "colour = green is not one of Toy's. Toy has red and blue.");
    says(
        "@Toy(target = \"fc1\", cuts = {1, -1})",
        Diagnostic.BAD_SETTING,
        "-1",
        "cuts is -1. Write at least 0.");
    says(
        "@Toy(target = \"fc1\", tags = {})",
        Diagnostic.BAD_SETTING,
        "{}",
        "tags has no element. Write at least one.");
    says(
        "@Toy(target = \"fc1\", heat = 0f / 0)",
        Diagnostic.BAD_SETTING,
        "0f / 0",
        "heat is NaN. Write at least 0.");
    says(
        "@Toy(target = {\"fc1\", \"fc2\"}, slow = \"fc\")",
        Diagnostic.NOT_A_TARGET,
        "\"fc\"",
        "slow names some of the targets, but \"fc\" is not one of them.");
    says(
        "@Toy(target = \"fc1\", rankPattern = @RankPattern(key = \"fc1\", r = 0))",
        Diagnostic.BAD_RANK,
        "0",
        "passed is 0");
    says(
        "@Toy(target = \"fc1\", rankPattern = @RankPattern(key = \"fc1\", r = 1))",
        Diagnostic.BAD_DESCRIPTOR,
        "@Toy(target = \"fc1\", rankPattern = @RankPattern(key = \"fc1\", r = 1))",
        "@Toy has its settings in toy.ToyConfig, but its builder has no public method"
            + " rankPattern.");
  }

  @Test
  void doesNotGoWithAnotherTuner() {
    Compilation compilation =
        compilation("@Toy(target = \"fc1\")\n@Peft(target = \"fc2\", adapter = \"b\")").compile();
    assertThat(compilation.only(Diagnostic.TWO_TUNERS.id()).getMessage(Locale.ROOT))
        .contains("\"default\" and \"b\" are of different tuners, Toy and LoRA");
    compilation =
        compilation("@Peft(target = \"fc2\", adapter = \"b\")\n@Toy(target = \"fc1\")").compile();
    var found = compilation.only(Diagnostic.TWO_TUNERS.id());
    assertThat(Compilation.pointedAt(found)).isEqualTo("@Toy(target = \"fc1\")");
  }

  @Test
  void needsAModule() {
    assertThat(
            Compilation.in(folder)
                .classPath(jar())
                .source(
                    "p/R.java",
                    "package p; import toy.Toy; @Toy(target = \"x\") public record R(int x) {}")
                .compile()
                .only(Diagnostic.NOT_A_MODULE.id())
                .getMessage(Locale.ROOT))
        .contains("@Toy needs a class that extends dev.peft4j.nn.Module, but R is a record.");
  }
}
