package dev.peft4j.processor;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.junit.jupiter.api.Test;

/** The adapted class itself: its name, constructors, configuration and methods. */
class AdaptedClassTest extends ModelTest {

  @Test
  void everyVariantIsInTheConfiguration() {
    assertThat(
            compile(
                    """
                    @Peft(target = "x", dora = true, init = Init.PISSA, pissaIterations = 4, ensureWeightTying = false,
                        trainableTokens = {@TrainableTokens(embedding = "embed", ids = {1, 2}), @TrainableTokens(embedding = "other", ids = 3)})
                    @Peft(target = "x", adapter = "b", r = 2, init = Init.ORTHOGONAL, trainableTokens = @TrainableTokens(ids = 7))
                    @Peft(target = "x", adapter = "c", loraBias = true)
                    public class M extends Module {
                        final Linear x = new Linear(1, 1);
                        final Embedding embed = new Embedding(1, 1);
                        final Embedding other = new Embedding(1, 1);
                    }
                    """)
                .generated("p/MPeft.java")
                .replaceAll("\\s+", ""))
        .contains(
            ".dora(true).init(Init.PISSA).pissa(4).ensureWeightTying(false)"
                + ".trainableTokens(\"embed\",1,2).trainableTokens(\"other\",3).build()",
            ".init(Init.ORTHOGONAL).trainableTokens(7).build()",
            ".loraBias(true).build()");
  }

  @Test
  void mirrorsConstructors() {
    Compilation compilation =
        compile(
            """
            @Peft(target = "x")
            public class M<T extends Comparable<? super T>, K> extends Module {
                @java.lang.annotation.Retention(java.lang.annotation.RetentionPolicy.RUNTIME) public @interface Wired { Class<?>[] value() default {}; }
                @java.lang.annotation.Target(java.lang.annotation.ElementType.TYPE_USE) public @interface Some {}
                @interface Note { String value(); }

                final Linear x = new Linear(1, 1);

                /**
                 * Says <b>what</b> $it is.
                 *
                 * @param list all of them
                 * @throws java.io.IOException if not
                 */
                @Wired({String.class, int[].class})
                @Deprecated
                public M(@Note("a \\"b\\"") Map<@Some String, ? extends T> list, @Some String @Some [] names, int... sizes) throws java.io.IOException, InterruptedException {}

                protected <E extends Exception & java.io.Serializable> M(E e, Map<String, K[]> map) throws E {}

                M(char c) {}

                @SafeVarargs
                M(T... all) {}

                @SuppressWarnings("unchecked")
                M(int i, T... all) {}

                private M(long secret) {}
            }
            """);
    assertThat(compilation.generated("p/MPeft.java"))
        .contains(
            "public class MPeft<T extends Comparable<? super T>, K> extends M<T, K> implements"
                + " PeftModel")
        .contains(
            "@M.Wired({\n            String.class,\n            int[].class\n    })",
            "@Deprecated",
            "@SuppressWarnings({\"this-escape\", \"varargs\"})")
        .contains("     * Says <b>what</b> $it is.\n     *\n     * @param list all of them\n")
        .contains("public MPeft(@M.Note(\"a \\\"b\\\"\") Map<@M.Some String, ? extends T> list,")
        .contains("int... sizes) throws IOException,")
        .contains(
            "protected <E extends Exception & Serializable> MPeft(E e, Map<String, K[]> map) throws"
                + " E {")
        .contains("    MPeft(char c) {")
        .contains(
            "@SafeVarargs\n    MPeft(T... all) {",
            "@SuppressWarnings(\"unchecked\")\n    MPeft(int i, T... all) {")
        .doesNotContain("secret")
        .contains("public static <T extends Comparable<? super T>, K> AdaptedModel<M<T, K>> adapt(")
        .contains("@M.Some String @M.Some [] names");
  }

  @Test
  void adaptsAModelInPlace() {
    Compilation compilation =
        compile(
            """
            @Peft(target = "x")
            public class M extends Module {
                final Linear x = new Linear(1, 1);
                public static Object run() {
                    M m = new M();
                    var adapted = MPeft.adapt(m);
                    return List.of("", adapted.model() == m, adapted.adapters().log.get(1));
                }
            }
            """);
    assertThat(log(compilation).toString()).isEqualTo("[true, attach x]");
  }

  @Test
  void leavesTheBaseAloneWhileItIsMade() {
    Compilation compilation =
        compile(
            """
            @Peft(target = "x")
            @SuppressWarnings("this-escape")
            public class M extends Module {
                final Linear x = new Linear(1, 1);
                final List<String> early = namedParameters();
                public static Object run() {
                    var m = new MPeft();
                    return List.of("", m.early, m.namedParameters());
                }
            }
            """);
    assertThat(log(compilation).toString())
        .isEqualTo("[[base], [add default targets=x r=8 alpha=8.0, attach x, publish]]");
  }

  @Test
  void passesOnTheConfiguration() {
    Compilation compilation =
        compile(
            """
            @Peft(target = {"x", "y"}, exclude = "z.y", r = 3, alpha = 1.5, dropout = 0.1, bias = Bias.ALL, rslora = true,
                init = Init.GAUSSIAN, modulesToSave = "z", rankPattern = {@RankPattern(key = "x", r = 5)},
                alphaPattern = @AlphaPattern(key = "^y", alpha = 2), layers = {0, 2}, layersPattern = {"l", "m"},
                taskType = "FEATURE_EXTRACTION", adapter = "my-2nd", tuner = "lora")
            @Peft(targetRegex = "x|y\\\\b", excludeRegex = "y")
            @Peft(target = "ALL-LINEAR", init = Init.RANDOM, adapter = "third")
            public class M extends Module {
                final Linear x = new Linear(1, 1);
                final Linear y = new Linear(1, 1);
                final Linear z = new Linear(1, 1);
                final List<Linear> l = List.of(x);
                public static Object run() {
                    return new MPeft().adapters().log.stream().filter(line -> line.startsWith("add")).toList();
                }
            }
            """
                .replace("exclude = \"z.y\", ", ""));
    assertThat((List<?>) compilation.call("p.M", "run"))
        .extracting(Object::toString)
        .containsExactly(
            "add my-2nd targets=x,y r=3 alpha=1.5 dropout=0.1 bias=ALL rslora=true init=GAUSSIAN"
                + " modulesToSave=z rankPattern=x:5 alphaPattern=^y:2.0 layers=[0, 2]"
                + " layersPattern=l,m taskType=FEATURE_EXTRACTION",
            "add default targetRegex=x|y\\b r=8 alpha=8.0 excludeRegex=y",
            "add third allLinear=true r=8 alpha=8.0 init=RANDOM");
    assertThat(compilation.generated("p/MPeft.java"))
        .contains("MY_2ND = ", "DEFAULT = ", "THIRD = ");
  }

  @Test
  void namesNestedAndNamedClasses() {
    Compilation compilation =
        Compilation.in(folder)
            .source(
                "p/Outer.java",
                HEADER
                    + """
                    public class Outer {
                        public interface Mid {
                            @Peft(target = "x") class Inner extends Module { Linear x; }
                        }
                        @Peft(target = "x", className = "Fancy") protected static class Inner extends Module { Linear x; }
                        static class Hidden { @Peft(target = "x") public static class Deep extends Module { Linear x; } }
                    }
                    """)
            .source(
                "@dev.peft4j.annotation.Peft(target = \"x\") class Bare extends dev.peft4j.nn.Module { dev.peft4j.nn.Linear x; }"
                    .replace("class Bare", "\nclass Bare"))
            .clean();
    assertThat(compilation.generated("p/Outer_Mid_InnerPeft.java"))
        .contains("public class Outer_Mid_InnerPeft extends Outer.Mid.Inner implements PeftModel");
    assertThat(compilation.generated("p/Fancy.java")).contains("\nclass Fancy extends Outer.Inner");
    assertThat(compilation.generated("p/Outer_Hidden_DeepPeft.java"))
        .contains("\nclass Outer_Hidden_DeepPeft");
    assertThat(compilation.generated("BarePeft.java"))
        .startsWith("import")
        .contains("\nclass BarePeft extends Bare");
  }

  @Test
  void keepsOutOfTheModelsNames() {
    Compilation compilation =
        compile(
            """
            @Peft(target = "fc")
            public class M extends Module {
                static class Block extends Module { final Linear fc = new Linear(1, 1); }
                final List<Block> i = List.of(new Block());
                final List<Block> models = List.of(new Block());
                final List<List<Block>> as = List.of(List.of(new Block()));
                static final String DEFAULT = "";
                static void attach(M m) {}
                int attachAdapters() { return 1; }
                public static Object run() { return new MPeft().adapters().log; }
            }
            """);
    assertThat(log(compilation).toString())
        .isEqualTo("[attach i.0.fc, attach models.0.fc, attach as.0.0.fc, finish]");
    assertThat(compilation.generated("p/MPeft.java")).contains("attachAdaptersAdapters(this)");
  }

  @Test
  void copiesThatTheModelIsDeprecated() {
    assertThat(
            compile("@Deprecated @Peft(target = \"x\") public class M extends Module { Linear x; }")
                .generated("p/MPeft.java"))
        .contains("@Deprecated\n");
  }
}
