package dev.peft4j.processor;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.EnumSet;
import java.util.List;
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

  /** A model with a bit of everything. */
  private static final String MODEL =
      """
      public class M extends Module {
          static class Block extends Module {
              final Linear qProj = new Linear(2, 2);
              final Linear vProj = new Linear(2, 2);
              final LayerNorm norm = new LayerNorm(2);
          }
          static class Encoder extends Module {
              final Linear fc = new Linear(2, 2);
              final List<Block> layers = List.of(new Block());
          }
          final Linear linear = new Linear(2, 2);
          final Encoder encoder = new Encoder();
          final List<Block> blocks = List.of();
          final LayerNorm norm = new LayerNorm(2);
          final Linear lmHead = new Linear(2, 2);
      }
      """;

  @TempDir Path folder;

  /**
   * @param source what follows the imports
   * @param pointedAt the text that the diagnostic has to point at, or its beginning with ... for
   *     long ones
   * @param says what the message has to contain
   */
  record Case(Diagnostic diagnostic, String source, String pointedAt, String... says) {
    @Override
    public String toString() {
      return diagnostic + " at " + pointedAt;
    }
  }

  private static Case model(
      Diagnostic diagnostic, String annotation, String pointedAt, String... says) {
    return new Case(diagnostic, annotation + "\n" + MODEL, pointedAt, says);
  }

  private static Case body(Diagnostic diagnostic, String source, String pointedAt, String... says) {
    return new Case(diagnostic, source, pointedAt, says);
  }

  static List<Case> classes() {
    return List.of(
        body(
            Diagnostic.NOT_A_MODULE,
            "@Peft(target = \"x\") public class M {}",
            "M",
            "M does not",
            "extends dev.peft4j.nn.Module"),
        body(
            Diagnostic.NOT_A_MODULE,
            "@Peft(target = \"x\") interface M {}",
            "M",
            "is an interface"),
        body(
            Diagnostic.NOT_A_MODULE,
            "@Peft(target = \"x\") record M(Linear x) {}",
            "M",
            "is a record"),
        body(Diagnostic.NOT_A_MODULE, "@Peft(target = \"x\") enum M {}", "M", "is an enum"),
        body(
            Diagnostic.FINAL_CLASS,
            "@Peft(target = \"x\") public final class M extends Module { Linear x; }",
            "M",
            "M is final",
            "open"),
        body(
            Diagnostic.ABSTRACT_CLASS,
            "@Peft(target = \"x\") public abstract class M extends Module { Linear x; }",
            "M",
            "abstract"),
        body(
            Diagnostic.INNER_CLASS,
            "public class Outer { @Peft(target = \"x\") class M extends Module { Linear x; } }",
            "M",
            "Outer.M is an inner class",
            "static"),
        body(
            Diagnostic.PRIVATE_CLASS,
            "public class Outer { @Peft(target = \"x\") private static class M extends Module {"
                + " Linear x; } }",
            "M",
            "Outer.M is private"),
        body(
            Diagnostic.PRIVATE_CLASS,
            "public class Outer { private static class In { @Peft(target = \"x\") static class M"
                + " extends Module { Linear x; } } }",
            "M",
            "Outer.In is private"),
        body(
            Diagnostic.SEALED_CLASS,
            "@Peft(target = \"x\") public sealed class M extends Module permits N { Linear x; }"
                + " final class N extends M {}",
            "M",
            "sealed"),
        body(
            Diagnostic.NO_VISIBLE_CONSTRUCTOR,
            "@Peft(target = \"x\") public class M extends Module { Linear x; private M() {} }",
            "M",
            "no constructor"),
        body(
            Diagnostic.CONSTRUCTOR_SKIPPED,
            "@Peft(target = \"x\") public class M extends Module { Linear x; private static class C"
                + " {} public M() {} M(C c) {} }",
            "M",
            "M.C"),
        body(
            Diagnostic.NAME_TAKEN,
            "@Peft(target = \"x\") public class M extends Module { Linear x; } class MPeft {}",
            "M",
            "p.MPeft"),
        body(
            Diagnostic.NAME_TAKEN,
            "@Peft(target = \"x\", className = \"Other\") public class M extends Module { Linear x;"
                + " } class Other {}",
            "\"Other\"",
            "p.Other"),
        body(
            Diagnostic.NAME_TAKEN,
            "public class Outer { @Peft(target = \"x\") static class A extends Module { Linear x; }"
                + " @Peft(target = \"x\", className = \"Outer_APeft\") static class M extends"
                + " Module { Linear x; } }",
            "\"Outer_APeft\"",
            "p.Outer_APeft"),
        body(
            Diagnostic.BAD_CLASS_NAME,
            "@Peft(target = \"x\", className = \"a.B\") public class M extends Module { Linear x;"
                + " }",
            "\"a.B\"",
            "MPeft"),
        body(
            Diagnostic.TWO_CLASS_NAMES,
            "@Peft(target = \"x\", className = \"A\") @Peft(target = \"x\", adapter = \"b\","
                + " className = \"B\") public class M extends Module { Linear x; }",
            "\"B\"",
            "A and B"),
        body(
            Diagnostic.METHOD_CLASH,
            "@Peft(target = \"x\") public class M extends Module { Linear x; int adapters() {"
                + " return 1; } }",
            "M",
            "adapters()"),
        body(
            Diagnostic.METHOD_CLASH,
            "@Peft(target = \"x\") public class M extends Module { Linear x; static M adapt(M m) {"
                + " return m; } }",
            "M",
            "adapt(p.M)"),
        body(
            Diagnostic.METHOD_HIDES,
            "@Peft(target = \"x\") public class M extends Module { Linear x; public void"
                + " save(java.nio.file.Path p) {} }",
            "M",
            "save(java.nio.file.Path)"),
        body(
            Diagnostic.DUPLICATE_CHECKPOINT_NAME,
            "@Peft(target = \"q_proj\") public class M extends Module { Linear qProj; Linear"
                + " q_proj; }",
            "M",
            "M.qProj",
            "\"q_proj\""),
        body(
            Diagnostic.BAD_CHECKPOINT_NAME,
            "@Peft(target = \"x\") public class M extends Module { Linear x; @CheckpointName(\"\")"
                + " Linear y; }",
            "M",
            "M.y"),
        body(
            Diagnostic.UNKNOWN_CONTAINER,
            "@Peft(target = \"x\") public class M extends Module { Linear x; Linear[] more; }",
            "M",
            "M.more",
            "array",
            "List"),
        body(
            Diagnostic.UNKNOWN_CONTAINER,
            "@Peft(target = \"x\") public class M extends Module { Linear x; Set<Linear> more; }",
            "M",
            "Set"));
  }

  static List<Case> values() {
    return List.of(
        model(Diagnostic.NO_TARGET, "@Peft(r = 2)", "@Peft(r = 2)", "encoder.fc (Linear)"),
        model(Diagnostic.EMPTY_NAME, "@Peft(target = {\"linear\", \"\"})", "\"\"", "target"),
        model(
            Diagnostic.EMPTY_NAME,
            "@Peft(target = \"linear\", modulesToSave = \" \")",
            "\" \"",
            "modulesToSave"),
        model(
            Diagnostic.TWO_WAYS,
            "@Peft(target = \"linear\", targetRegex = \"l.*\")",
            "\"l.*\"",
            "Both target and targetRegex"),
        model(
            Diagnostic.TWO_WAYS,
            "@Peft(target = \"linear\", exclude = \"fc\", excludeRegex = \"fc\")",
            "\"fc\"",
            "Both exclude and excludeRegex"),
        model(
            Diagnostic.TWO_WAYS,
            "@Peft(target = {\"linear\", \"regex:x\"})",
            "\"regex:x\"",
            "only one"),
        model(
            Diagnostic.TWO_WAYS,
            "@Peft(target = {\"all-linear\", \"fc\"})",
            "\"all-linear\"",
            "only one"),
        model(
            Diagnostic.BAD_REGEX,
            "@Peft(target = \"regex:fc(1\")",
            "\"regex:fc(1\"",
            "unclosed group"),
        model(Diagnostic.BAD_REGEX, "@Peft(targetRegex = \"[a\")", "\"[a\"", "regular expression"),
        model(
            Diagnostic.BAD_REGEX,
            "@Peft(target = \"linear\", excludeRegex = \"*a\")",
            "\"*a\"",
            "dangling"),
        model(
            Diagnostic.BAD_REGEX,
            "@Peft(target = \"linear\", modulesToSave = \"a(\")",
            "\"a(\"",
            "regular"),
        model(
            Diagnostic.BAD_REGEX,
            "@Peft(target = \"linear\", rankPattern = @RankPattern(key = \"a)\", r = 2))",
            "\"a)\"",
            "regular"),
        model(
            Diagnostic.BAD_REGEX,
            "@Peft(target = \"fc\", layers = 0, layersPattern = \"a)(\")",
            "\"a)(\"",
            "regular"),
        model(
            Diagnostic.BAD_RANK,
            "@Peft(target = \"linear\", r = 0)",
            "0",
            "r should be a positive integer value but the value passed is 0"),
        model(Diagnostic.BAD_RANK, "@Peft(target = \"linear\", r = -3)", "-3", "-3"),
        model(
            Diagnostic.BAD_RANK,
            "@Peft(target = \"linear\", rankPattern = @RankPattern(key = \"linear\", r = 0))",
            "0",
            "passed is 0"),
        model(
            Diagnostic.BAD_ALPHA,
            "@Peft(target = \"linear\", alpha = 0)",
            "0",
            "greater than 0 but is 0.0"),
        model(Diagnostic.BAD_ALPHA, "@Peft(target = \"linear\", alpha = -1.5)", "-1.5", "-1.5"),
        model(
            Diagnostic.BAD_ALPHA,
            "@Peft(target = \"linear\", alpha = Double.NaN)",
            "Double.NaN",
            "NaN"),
        model(
            Diagnostic.BAD_ALPHA,
            "@Peft(target = \"linear\", alpha = 1 / 0.0)",
            "1 / 0.0",
            "Infinity"),
        model(
            Diagnostic.BAD_ALPHA,
            "@Peft(target = \"linear\", alphaPattern = @AlphaPattern(key = \"linear\", alpha ="
                + " -1))",
            "-1",
            "-1.0"),
        model(
            Diagnostic.BAD_DROPOUT,
            "@Peft(target = \"linear\", dropout = 1)",
            "1",
            "less than 1, but is 1.0"),
        model(Diagnostic.BAD_DROPOUT, "@Peft(target = \"linear\", dropout = -0.1)", "-0.1", "-0.1"),
        model(
            Diagnostic.BAD_DROPOUT,
            "@Peft(target = \"linear\", dropout = Double.NaN)",
            "Double.NaN",
            "NaN"),
        model(
            Diagnostic.BAD_ADAPTER_NAME,
            "@Peft(target = \"linear\", adapter = \"\")",
            "\"\"",
            "is empty"),
        model(
            Diagnostic.BAD_ADAPTER_NAME,
            "@Peft(target = \"linear\", adapter = \"a.b\")",
            "\"a.b\"",
            "dot"),
        model(
            Diagnostic.BAD_ADAPTER_NAME,
            "@Peft(target = \"linear\", adapter = \"a/b\")",
            "\"a/b\"",
            "slash"),
        model(
            Diagnostic.BAD_ADAPTER_NAME,
            "@Peft(target = \"linear\", adapter = \"a b\")",
            "\"a b\"",
            "white"),
        model(
            Diagnostic.DUPLICATE_ADAPTER,
            "@Peft(target = \"linear\", adapter = \"a\")\n@Peft(target = \"fc\", adapter = \"a\")",
            "\"a\"",
            "two adapters called \"a\""),
        model(
            Diagnostic.DUPLICATE_ADAPTER,
            "@Peft(target = \"linear\")\n@Peft(target = \"fc\")",
            "@Peft(target = \"fc\")",
            "default"),
        model(
            Diagnostic.UNKNOWN_TUNER,
            "@Peft(target = \"linear\", tuner = \"LORAA\")",
            "\"LORAA\"",
            "Did you mean \"LORA\"?"),
        model(
            Diagnostic.UNKNOWN_TASK,
            "@Peft(target = \"linear\", taskType = \"SEQ_CLF\")",
            "\"SEQ_CLF\"",
            "\"SEQ_CLS\"",
            "CAUSAL_LM"),
        model(
            Diagnostic.TWO_BIASES,
            "@Peft(target = \"linear\", bias = Bias.ALL)\n"
                + "@Peft(target = \"fc\", adapter = \"b\", bias = Bias.LORA_ONLY)",
            "Bias.LORA_ONLY",
            "\"default\" and \"b\""),
        model(
            Diagnostic.LAYERS_NEED_LIST,
            "@Peft(target = \"all-linear\", layers = 1)",
            "1",
            "\"all-linear\""),
        model(
            Diagnostic.LAYERS_NEED_LIST,
            "@Peft(targetRegex = \".*fc\", layersPattern = \"layers\")",
            "\"layers\"",
            "regular expression"),
        model(
            Diagnostic.PATTERN_NEEDS_LAYERS,
            "@Peft(target = \"fc\", layersPattern = \"layers\")",
            "\"layers\"",
            "no layers are given"),
        model(Diagnostic.BAD_LAYER, "@Peft(target = \"q_proj\", layers = {0, -1})", "-1", "-1"),
        model(
            Diagnostic.DUPLICATE_KEY,
            "@Peft(target = \"fc\", rankPattern = {@RankPattern(key = \"fc\", r = 2),"
                + " @RankPattern(key = \"fc\", r = 3)})",
            "\"fc\"",
            "twice"));
  }

  static List<Case> targets() {
    return List.of(
        model(
            Diagnostic.NO_SUCH_TARGET,
            "@Peft(target = \"linaer\")",
            "\"linaer\"",
            "M has no module called \"linaer\"",
            "Did you mean \"linear\"?",
            "Candidates: linear (Linear), encoder.fc (Linear), encoder.layers.*.q_proj (Linear)"),
        model(
            Diagnostic.NO_SUCH_TARGET,
            "@Peft(target = \"qProj\")",
            "\"qProj\"",
            "Did you mean \"q_proj\"?"),
        model(Diagnostic.NO_SUCH_TARGET, "@Peft(target = \"head\")", "\"head\"", "\"lm_head\""),
        model(
            Diagnostic.NO_SUCH_TARGET,
            "@Peft(target = \"encoder.layer.3.q_proj\")",
            "\"encoder.layer.3.q_proj\"",
            "Did you mean \"encoder.layers.3.q_proj\"?"),
        model(
            Diagnostic.NO_SUCH_TARGET,
            "@Peft(targetRegex = \"fc[12]\")",
            "\"fc[12]\"",
            "path \"fc[12]\""),
        body(
            Diagnostic.NO_SUCH_TARGET,
            "@Peft(target = \"all-linear\") public class M extends Module { LayerNorm n; }",
            "\"all-linear\"",
            "Linear",
            "no Linear, Embedding or Conv2d"),
        model(
            Diagnostic.TARGET_PARTLY_UNMATCHED,
            "@Peft(target = {\"q_proj\", \"k_proj\"})",
            "\"k_proj\"",
            "no module called \"k_proj\"",
            "though it has the other targets",
            "Candidates:"),
        model(
            Diagnostic.UNSUPPORTED_MODULE,
            "@Peft(target = {\"fc\", \"norm\"})",
            "\"norm\"",
            "encoder.layers.*.norm (LayerNorm)",
            "Linear, Embedding, Conv2d"),
        model(
            Diagnostic.UNSUPPORTED_MODULE,
            "@Peft(target = \"encoder\")",
            "\"encoder\"",
            "encoder (M.Encoder)"),
        model(
            Diagnostic.UNSUPPORTED_MODULE,
            "@Peft(target = \"layers\")",
            "\"layers\"",
            "encoder.layers (List)"),
        model(
            Diagnostic.UNSUPPORTED_MODULE,
            "@Peft(target = \"regex:encoder.*\")",
            "\"regex:encoder.*\"",
            "norm"),
        model(
            Diagnostic.TARGET_EXCLUDED,
            "@Peft(target = {\"linear\", \"fc\"}, exclude = \"fc\")",
            "\"fc\"",
            "exclude leaves out",
            "encoder.fc"),
        model(
            Diagnostic.TARGET_EXCLUDED,
            "@Peft(target = {\"linear\", \"encoder.fc\"}, exclude = \"encoder\")",
            "\"encoder.fc\"",
            "inside encoder",
            "excludeRegex = \"encoder\\\\..*\""),
        model(
            Diagnostic.TARGET_EXCLUDED,
            "@Peft(target = {\"linear\", \"fc\"}, excludeRegex = \"encoder\\\\..*\")",
            "\"fc\"",
            "exclude leaves out"),
        model(
            Diagnostic.TARGET_EXCLUDED,
            "@Peft(target = \"q_proj\", exclude = \"layers.0\")",
            "\"q_proj\"",
            "excludeRegex = \"encoder\\\\.layers\\\\.0\\\\..*\""),
        model(
            Diagnostic.TARGET_SAVED,
            "@Peft(target = {\"linear\", \"fc\"}, modulesToSave = \"encoder\")",
            "\"fc\"",
            "\"encoder\""),
        model(
            Diagnostic.TARGET_SAVED,
            "@Peft(target = {\"linear\", \"fc\"}, modulesToSave = \"fc\")",
            "\"fc\"",
            "Leave out one"),
        model(
            Diagnostic.SAVES_NOTHING,
            "@Peft(target = \"linear\", modulesToSave = \"lmhead\")",
            "\"lmhead\"",
            "Did you mean \"lm_head\"?"),
        model(
            Diagnostic.SAVES_NOTHING,
            "@Peft(target = \"linear\", modulesToSave = \"head\")",
            "\"head\"",
            "no module \"head\""),
        model(
            Diagnostic.SAVES_NOTHING,
            "@Peft(target = \"linear\", modulesToSave = \"blocks\")",
            "\"blocks\"",
            "blocks is a List"),
        model(
            Diagnostic.LAYERS_MATCH_NOTHING,
            "@Peft(target = \"fc\", layers = {1, 2})",
            "{1, 2}",
            "encoder.fc is in no list"),
        body(
            Diagnostic.LAYERS_MATCH_NOTHING,
            "@Peft(target = \"x\", layers = 1) public class M extends Module { static class B"
                + " extends Module { Linear x; } List<B> blocks; }",
            "1",
            "layersPattern = \"blocks\""),
        body(
            Diagnostic.UNREACHABLE,
            "@Peft(target = \"x\") public class M extends Module { private Linear x; private Linear"
                + " y; }",
            "\"x\"",
            "M.x",
            "private",
            "getX() or x()",
            "package-private"),
        body(
            Diagnostic.UNREACHABLE,
            "@Peft(target = \"x\") public class M extends Module { static class B extends Module {"
                + " Linear x; } private B b; }",
            "\"x\"",
            "M.b",
            "getB()"),
        body(
            Diagnostic.UNREACHABLE,
            "@Peft(target = \"x\") public class M extends Module { private static class B extends"
                + " Module { Linear x; } List<B> bs; }",
            "\"x\"",
            "class M.B is private"),
        body(
            Diagnostic.UNREACHABLE,
            "@Peft(target = \"x\", modulesToSave = \"y\") public class M extends Module { Linear x;"
                + " private Linear y; }",
            "\"y\"",
            "M.y"));
  }

  static List<Case> warnings() {
    return List.of(
        model(
            Diagnostic.EXCLUDES_NOTHING,
            "@Peft(target = \"linear\", exclude = \"fcc\")",
            "\"fcc\"",
            "Did you mean \"fc\"?"),
        model(
            Diagnostic.EXCLUDES_NOTHING,
            "@Peft(target = \"linear\", excludeRegex = \"x.*\")",
            "\"x.*\"",
            "x.*"),
        model(
            Diagnostic.KEY_MATCHES_NOTHING,
            "@Peft(target = \"linear\", rankPattern = @RankPattern(key = \"fc\", r = 2))",
            "\"fc\"",
            "rankPattern"),
        model(
            Diagnostic.KEY_MATCHES_NOTHING,
            "@Peft(target = \"linear\", alphaPattern = @AlphaPattern(key = \"^fc\", alpha = 2))",
            "\"^fc\"",
            "alphaPattern"),
        body(
            Diagnostic.ONLY_AT_RUN_TIME,
            "@Peft(target = {\"x\", \"q_proj\"}) public class M extends Module { Linear x;"
                + " Sequential more; }",
            "\"q_proj\"",
            "more (Sequential)"),
        body(
            Diagnostic.ONLY_AT_RUN_TIME,
            "@Peft(target = \"x\", modulesToSave = \"head\") public class M extends Module { Linear"
                + " x; Module more; }",
            "\"head\"",
            "more (Module)"),
        body(
            Diagnostic.NOT_SEARCHED,
            "@Peft(target = \"x\") public class M extends Module { Linear x; private Sequential"
                + " more; }",
            "\"x\"",
            "more (Sequential)",
            "getMore()"),
        model(
            Diagnostic.ADAPTER_IS_SEGMENT,
            "@Peft(target = \"fc\", adapter = \"encoder\")",
            "\"encoder\"",
            "encoder.fc"));
  }

  @ParameterizedTest
  @MethodSource({"classes", "values", "targets", "warnings"})
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
                    + MODEL)
            .compile();
    assertThat(compilation.messages())
        .extracting(message -> message.substring(0, 7))
        .containsExactlyInAnyOrder(
            "PEFT040", "PEFT042", "PEFT024", "PEFT025", "PEFT040", "PEFT026");
  }

  @AfterAll
  static void provokesAll() {
    // what needs more than one source is provoked in CompilerTest
    Set<Diagnostic> elsewhere =
        EnumSet.of(Diagnostic.RUNTIME_MISSING, Diagnostic.UNRESOLVED, Diagnostic.PACKAGE_NOT_OPEN);
    assertThat(SEEN).isEqualTo(EnumSet.complementOf(EnumSet.copyOf(elsewhere)));
  }
}
