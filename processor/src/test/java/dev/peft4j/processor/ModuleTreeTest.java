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
    return compile(annotation).messages();
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
                    + " {\"embed_tokens\"}, rankPattern = @RankPattern(target = \"v_proj\", r ="
                    + " 2))"))
        .isEmpty();
    assertThat(messages("@Peft(target = \"q_proj\", exclude = \"up_prj\")"))
        .anyMatch(m -> m.contains("up_prj"));
    assertThat(messages("@Peft(target = \"q_proj\", modulesToSave = \"embed_toks\")"))
        .anyMatch(m -> m.contains("embed_tokens"));
  }

  @Test
  void allLinearLeavesTheOutputLayerOut() {
    Compilation c = compile("@Peft(target = \"all-linear\", rankPattern = @RankPattern(target = \"lm_head\", r = 2))");
    assertThat(c.messages()).anyMatch(m -> m.contains("lm_head"));
  }

  @Test
  void aModelMayHoldSuchAModel() {
    String body = "extends dev.peft4j.nn.Module { final lib.Decoder base = new lib.Decoder(1); }";
    assertThat(compile("@Peft(target = \"q_proj\")", body).messages()).isEmpty();
  }
}
