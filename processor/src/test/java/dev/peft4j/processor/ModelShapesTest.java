package dev.peft4j.processor;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

/**
 * Models of every shape: what is written for them compiles without a warning, and attaches what the
 * runtime's rules say.
 */
class ModelShapesTest extends ModelTest {

  @Test
  void goesThroughAccessors() {
    assertThat(
            log(
                """
                @Peft(target = {"a", "b", "c", "d", "e"})
                public class M extends Module {
                    private final Linear a = new Linear(1, 1);
                    private final Linear b = new Linear(1, 1);
                    private final Pair pair = new Pair(new Linear(1, 1), new LayerNorm(1));
                    private final Linear d = new Linear(1, 1);
                    protected final Linear e = new Linear(1, 1);
                    record Pair(Linear c, LayerNorm norm) {}
                    public final Linear getA() { return a; }
                    Linear b() { return b; }
                    protected Pair getPair() { return pair; }
                    Linear getD$app() { return d; }
                    private Linear getE() { throw new AssertionError(); }
                    static Linear a() { throw new AssertionError(); }
                    Linear getB(int i) { throw new AssertionError(); }
                    Linear getD() throws Exception { throw new AssertionError(); }
                }
                """))
        .asString()
        .isEqualTo("[attach a, attach b, attach pair.c, attach d, attach e, publish]");
  }

  @Test
  void attachesToEmbeddingsForTheirTokens() {
    String model =
        """
        public class M extends Module {
            static class Tower extends Module { final Embedding embed = new Embedding(4, 4); }
            final Embedding words = new Embedding(4, 4);
            final Linear proj = new Linear(1, 1);
            final Conv1d conv = new Conv1d(1, 1);
            final TransposedLinear turned = new TransposedLinear(1, 1);
            final List<Tower> towers = List.of(new Tower(), new Tower());
        }
        """;
    assertThat(
            log(
                "@Peft(target = {\"proj\", \"conv\", \"turned\"}, trainableTokens ="
                    + " @TrainableTokens(embedding = \"words\", ids = {1, 2}))\n"
                    + model))
        .asString()
        .isEqualTo("[attach words, attach proj, attach conv, attach turned, publish]");
    assertThat(
            log(
                "@Peft(target = \"proj\", trainableTokens = @TrainableTokens(embedding ="
                    + " \"towers.1.embed\", ids = 0))\n"
                    + model))
        .asString()
        .isEqualTo("[attach proj, attach towers.1.embed, finish]");
    // which embedding that is, finish() sees
    assertThat(
            log(
                "@Peft(target = \"all-linear\", trainableTokens = @TrainableTokens(ids = 0))\n"
                    + model))
        .asString()
        .isEqualTo("[attach proj, attach turned, finish]");
  }

  @Test
  void walksListsMapsAndRecords() {
    assertThat(
            log(
                """
                @Peft(target = {"fc", "grid.1.0", "m.k", "n.1"})
                public class M extends Module {
                    static class Block extends Module { final Linear fc = new Linear(1, 1); final LayerNorm norm = new LayerNorm(1); }
                    record Side(List<Block> blocks, Linear fc) {}
                    final ArrayList<Block> blocks = new ArrayList<>(List.of(new Block(), new Block()));
                    final Map<String, ? extends Block> experts = new TreeMap<>(Map.of("a", new Block(), "b", new Block()));
                    final List<List<Linear>> grid = List.of(List.of(new Linear(1, 1)), List.of(new Linear(1, 1), new Linear(1, 1)));
                    final Side side = new Side(List.of(new Block()), new Linear(1, 1));
                    final List<Side> sides = List.of(side(), side());
                    final Map<String, Linear> m = new TreeMap<>(Map.of("j", new Linear(1, 1), "k", new Linear(1, 1)));
                    final Map<Integer, Linear> n = new TreeMap<>(Map.of(0, new Linear(1, 1), 1, new Linear(1, 1)));
                    static Side side() { return new Side(List.of(new Block()), new Linear(1, 1)); }
                    final List<String> words = List.of();
                    final Map<String, String> texts = Map.of();
                }
                """))
        .asString()
        .contains(
            "attach blocks.0.fc, attach blocks.1.fc, attach experts.a.fc, attach experts.b.fc, ",
            "attach grid.1.0, search grid.1.1, attach side.blocks.0.fc, attach side.fc, ",
            "attach sides.0.blocks.0.fc, attach sides.0.fc, attach sides.1.blocks.0.fc, attach"
                + " sides.1.fc, ",
            "attach m.k, ",
            "attach n.1, finish")
        .doesNotContain("attach grid.0.0", "attach grid.1.1", "attach m.j", "attach n.0");
  }

  @Test
  void confinesToLayers() {
    Compilation compilation =
        compile(
            """
            @Peft(target = {"fc", "layers.4.fc"}, layers = {1, 3}, layersPattern = "layers")
            @Peft(target = "fc", exclude = {"0.fc", "2.fc"}, adapter = "b")
            @Peft(targetRegex = "layers\\\\.[1-3]\\\\.fc", adapter = "c")
            @Peft(target = "fc", layers = {1, 2, 3}, layersPattern = "layers", adapter = "d")
            public class M extends Module {
                static class Block extends Module { final Linear fc = new Linear(1, 1); }
                final List<Block> layers = List.of(new Block(), new Block(), new Block(), new Block(), new Block());
                public static Object run() { return new MPeft().adapters().log; }
            }
            """);
    assertThat(log(compilation).toString())
        .contains("attach layers.1.fc, attach layers.3.fc, attach layers.4.fc, finish")
        .contains(
            "add b targets=fc r=8 alpha=8.0 exclude=0.fc,2.fc, attach layers.1.fc, attach"
                + " layers.3.fc, attach layers.4.fc")
        .contains("search layers.2.fc, attach layers.2.fc")
        .contains("attach layers.1.fc, attach layers.2.fc, attach layers.3.fc, finish]");
    assertThat(compilation.generated("p/MPeft.java"))
        .contains("if (i == 1 || i == 3 || i == 4) {")
        .contains("if (i != 0 && i != 2) {")
        .contains("if (i >= 1 && i <= 3) {")
        .contains("a.attachMatching(\"layers.\" + i + \".fc\", layer.fc)");
  }

  @Test
  void looksIntoWhatTypesDoNotTell() {
    assertThat(
            logDespiteWarnings(
                """
                @Peft(target = {"mlp.0", "more.0", "q", "x"}, modulesToSave = "any.head")
                public class M extends Module {
                    static class Tree extends Module {
                        final Linear q = new Linear(1, 1);
                        final List<Tree> children = new ArrayList<>();
                    }
                    static abstract class Base extends Module { final Linear x = new Linear(1, 1); }
                    static class Some extends Base { final Linear q = new Linear(1, 1); final Linear head = new Linear(1, 1); }
                    final Sequential mlp = new Sequential(new Linear(1, 1), new LayerNorm(1), new Linear(1, 1));
                    final Module any = new Some();
                    final Base base = new Some();
                    final Layer layer = new Linear(1, 1);
                    final List<Layer> more = List.of(new Linear(1, 1), new LayerNorm(1));
                    final Tree tree = tree(2);
                    static Tree tree(int depth) {
                        Tree t = new Tree();
                        if (depth > 0) { t.children.add(tree(depth - 1)); }
                        return t;
                    }
                    final Layer none = null;
                }
                """))
        .asString()
        .contains(
            "search mlp, attach mlp.0, search any, attach any.x, attach any.q, save any.head,"
                + " search base, attach base.x")
        .contains("attach more.0")
        .contains(
            "attach tree.q, search tree.children.0, attach tree.children.0.q, attach"
                + " tree.children.0.children.0.q");
  }

  @Test
  void leavesItToModelsThatTellTheirChildrenThemselves() {
    assertThat(
            logDespiteWarnings(
                """
                @Peft(target = "other")
                public class M extends Module {
                    private final Linear fc = new Linear(1, 1);
                    @Override public Map<String, Module> children() { return Map.of("other", fc); }
                }
                """))
        .asString()
        .isEqualTo("[search , attach other, finish]");
  }

  @Test
  void toleratesWhatMayBeNull() {
    Compilation compilation =
        compile(
            """
            @Peft(target = "fc")
            public class M extends Module {
                @interface Nullable {}
                static class Block extends Module { final Linear fc = new Linear(1, 1); }
                @Nullable final Block first = null;
                @Nullable final Block second = new Block();
                private final @Nullable Linear fc = null;
                Linear getFc() { return fc; }
                public static Object run() { return new MPeft().adapters().log; }
            }
            """);
    assertThat(log(compilation).toString()).isEqualTo("[attach second.fc, finish]");
    assertThat(compilation.generated("p/MPeft.java")).contains("if (model.getFc() != null) {");
  }

  @Test
  void saysSoWhenALayerIsNull() {
    Compilation compilation =
        compile(
            """
            @Peft(target = "x")
            public class M extends Module {
                final Linear x = null;
                public static Object run() {
                    try { return new MPeft(); } catch (IllegalArgumentException e) { return List.of("", e.getMessage()); }
                }
            }
            """);
    assertThat(log(compilation).toString()).isEqualTo("[x is null]");
  }

  @Test
  void saysSoWhenNoLayerIsThereAtRunTime() {
    Compilation compilation =
        compile(
            """
            @Peft(target = "layers.7.fc")
            public class M extends Module {
                static class Block extends Module { final Linear fc = new Linear(1, 1); }
                final List<Block> layers = List.of(new Block());
                public static Object run() {
                    try { return new MPeft(); } catch (IllegalStateException e) { return List.of("", e.getMessage()); }
                }
            }
            """);
    assertThat(log(compilation).toString()).isEqualTo("[unmatched [layers.7.fc]]");
  }

  @Test
  void readsGenericClassesAndHiddenFields() {
    Compilation compilation =
        Compilation.in(folder)
            .source(
                "p/Parts.java",
                HEADER
                    + """
                    class Parts {
                        static class Block extends Module { final Linear fc = new Linear(1, 1); }
                        static class Wide extends Block { final Linear extra = new Linear(1, 1); }
                        static class Stack<B extends Block> extends Module {
                            final List<B> blocks;
                            Stack(List<B> blocks) { this.blocks = blocks; }
                        }
                        static class Base<B extends Block> extends Module {
                            @CheckpointName("base") final Stack<? extends B> stack;
                            final B one;
                            final Linear top = new Linear(1, 1);
                            Base(Stack<? extends B> stack, B one) { this.stack = stack; this.one = one; }
                        }
                    }
                    """)
            .source(
                "p/M.java",
                HEADER
                    + withRun(
                        """
                        @Peft(target = {"fc", "extra", "top"})
                        public class M extends Parts.Base<Parts.Wide> {
                            final Parts.Stack<Parts.Block> stack = new Parts.Stack<>(List.of(new Parts.Block()));
                            public M() { super(new Parts.Stack<>(List.of(new Parts.Wide())), new Parts.Wide()); }
                        }
                        """))
            .clean();
    assertThat(log(compilation).toString())
        .isEqualTo(
            "[attach base.blocks.0.fc, attach base.blocks.0.extra, attach one.fc, attach one.extra,"
                + " attach top, attach stack.blocks.0.fc, finish]");
    assertThat(compilation.generated("p/MPeft.java"))
        .contains("((Parts.Base<Parts.Wide>) model).stack.blocks.get(i)");
  }

  @Test
  void leavesOutTheHeadAndSavesIt() {
    assertThat(
            log(
                """
                @Peft(target = "all-linear", taskType = "SEQ_CLS")
                public class M extends Module {
                    final Linear fc = new Linear(1, 1);
                    final Embedding tokens = new Embedding(1, 1);
                    final Linear classifier = new Linear(1, 1);
                    @OutputHead final Linear lmHead = new Linear(1, 1);
                    static class Mine extends Linear { Mine() { super(1, 1); } }
                    final Mine mine = new Mine();
                }
                """))
        .asString()
        .isEqualTo("[attach fc, save classifier, attach mine, publish]");
  }

  @Test
  void adaptsLayersOfTheUsersOwn() {
    assertThat(
            log(
                """
                @Peft(target = {"own", "inner", "conv", "tokens"})
                public class M extends Module {
                    static class Own extends Module implements Adaptable {
                        final Linear inner = new Linear(1, 1);
                        @Override public Object slot() { return this; }
                    }
                    final Own own = new Own();
                    final Conv2d conv = new Conv2d(1, 1);
                    final Embedding tokens = new Embedding(1, 1);
                }
                """))
        .asString()
        .isEqualTo("[attach own, attach own.inner, attach conv, attach tokens, publish]");
  }
}
