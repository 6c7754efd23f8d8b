package dev.peft4j.processor;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Models that name their modules themselves, and say what they are. */
class ModuleTreeTest {
  private static final String LIBRARY =
      """
      package lib;
      import dev.peft4j.annotation.ModuleTree;
      import dev.peft4j.nn.*;
      import dev.peft4j.nn.Module;
      import java.util.*;
      @ModuleTree(
          value = {
            "model.embed_tokens: Embedding",
            "model.layers.*.self_attn.q_proj: Linear",
            "model.layers.*.self_attn.v_proj: Linear",
            "model.layers.*.mlp.up_proj: Linear",
            "model.norm: LayerNorm",
            "lm_head: Linear"
          },
          outputHead = "lm_head")
      public class Decoder extends Named {
        public Decoder(int size) {}
      }
      """;

  private static final String NAMED =
      """
      package lib;
      import dev.peft4j.nn.Module;
      import java.util.*;
      public abstract class Named extends Module {
        @Override
        public final Map<String, Module> children() {
          return new LinkedHashMap<>();
        }
      }
      """;

  @TempDir Path folder;

  private Compilation compile(String annotation) {
    return compile(annotation, "extends lib.Decoder { public Mine(int size) { super(size); } }");
  }

  private Compilation compile(String annotation, String body) {
    return Compilation.in(folder)
        .source("lib/Decoder.java", LIBRARY)
        .source("lib/Named.java", NAMED)
        .source(
            "package n;\nimport dev.peft4j.annotation.*;\n"
                + "import dev.peft4j.tuner.ia3.Ia3;\n"
                + annotation
                + "\npublic class Mine "
                + body)
        .compile();
  }

  private List<String> messages(String annotation) {
    return messages(compile(annotation));
  }

  /** The processor's messages; others are failures of the test. */
  private static List<String> messages(Compilation c) {
    assertThat(c.diagnostics())
        .allMatch(d -> d.getMessage(java.util.Locale.ROOT).startsWith("PEFT"));
    return c.messages();
  }

  @Test
  void targetsThatAreThereAreCheckedAndSearched() {
    Compilation c = compile("@Peft(target = {\"q_proj\", \"v_proj\"}, r = 8, alpha = 16)");
    assertThat(c.messages()).isEmpty();
    assertThat(c.generated("n/MinePeft.java"))
        .contains("a.attachMatching(\"\", model);", "{@code model.layers.*.self_attn.q_proj}");
  }

  @Test
  void aTypoIsAnError() {
    assertThat(messages("@Peft(target = {\"q_prj\", \"v_proj\"})"))
        .singleElement()
        .asString()
        .contains("q_prj", "q_proj");
    assertThat(messages("@Peft(target = \"q_prj\")"))
        .singleElement()
        .asString()
        .contains("PEFT040", "Did you mean \"q_proj\"?", "model.layers.*.self_attn.v_proj");
    assertThat(messages("@Ia3(target = \"v_prj\", feedforward = {})"))
        .anyMatch(m -> m.contains("self_attn.v_proj"));
  }

  @Test
  void whatTakesNoAdapterIsAnError() {
    assertThat(messages("@Peft(target = \"norm\")")).anyMatch(m -> m.contains("model.norm"));
    assertThat(messages("@Peft(target = \"self_attn\")")).isNotEmpty();
  }

  @Test
  void ranksExcludesAndSavedModulesAreChecked() {
    assertThat(
            messages(
                "@Peft(target = \"all-linear\", exclude = \"up_proj\", modulesToSave ="
                    + " {\"embed_tokens\"}, rankPattern = @RankPattern(key = \"v_proj\", r ="
                    + " 2))"))
        .isEmpty();
    assertThat(messages("@Peft(target = \"q_proj\", exclude = \"up_prj\")"))
        .anyMatch(m -> m.contains("up_prj"));
    assertThat(messages("@Peft(target = \"q_proj\", modulesToSave = \"embed_toks\")"))
        .anyMatch(m -> m.contains("embed_tokens"));
  }

  @Test
  void allLinearLeavesTheOutputLayerOut() {
    Compilation c =
        compile(
            "@Peft(target = \"all-linear\", rankPattern = @RankPattern(key = \"lm_head\", r = 2))");
    assertThat(c.messages()).anyMatch(m -> m.contains("lm_head"));
  }

  @Test
  void aModelMayHoldSuchAModel() {
    String body = "extends dev.peft4j.nn.Module { final lib.Decoder base = new lib.Decoder(1); }";
    assertThat(messages(compile("@Peft(target = \"q_proj\")", body))).isEmpty();
  }

  @Test
  void aClassMayBeLikeAnother() {
    String like =
        "extends lib.Named { static final int MORE = 1; }"
            + "\n@ModuleTree(like = lib.Decoder.class, value = \"model.layers.*.mlp.gate: Linear\")"
            + "\nclass Gated extends lib.Named {}"
            + "\n@ModuleTree(like = Circle.class, value = \"a: Linear\")"
            + "\nclass Circle extends lib.Named {}"
            + "\n@Peft(target = {\"gate\", \"up_proj\"}) class One extends Gated {}"
            + "\n@Peft(target = {\"gte\"}) class Two extends Gated {}"
            + "\n@Peft(target = \"a\") class Three extends Circle {}";
    assertThat(compile("", like).messages())
        .singleElement()
        .asString()
        .contains("Two has no module called \"gte\". Did you mean \"gate\"?");
  }
}
