package dev.peft4j.tuner;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.peft4j.data.Rng;
import dev.peft4j.io.AdapterConfig;
import dev.peft4j.nn.Embedding;
import dev.peft4j.nn.Linear;
import dev.peft4j.nn.Module;
import dev.peft4j.nn.NamedParameter;
import dev.peft4j.nn.Parameter;
import dev.peft4j.optim.Sgd;
import dev.peft4j.target.TargetSpec;
import dev.peft4j.tensor.Tensor;
import dev.peft4j.tuner.lora.LoraConfig;
import dev.peft4j.tuner.lora.LoraTuner;
import dev.peft4j.tuner.tokens.TrainableTokensConfig;
import dev.peft4j.tuner.tokens.TrainableTokensTuner;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class TrainableTokensTest {
  private static final class Words extends Module {
    final Embedding embed = new Embedding(10, 4);
    final Linear proj = new Linear(4, 4);
    final Linear head;

    Words(boolean tied) {
      head = tied ? new Linear(embed.weight(), null) : new Linear(4, 10);
    }

    Tensor forward(Tensor ids) {
      return head.forward(proj.forward(embed.forward(ids)).tanh());
    }
  }

  private final Tensor ids = Tensor.of(new long[] {1, 3, 9, 0, 3, 2}, 2, 3);
  private @TempDir Path folder;

  private static Words words(boolean tied) {
    return Rng.with(1, () -> new Words(tied));
  }

  private static Parameter rows(AdaptedModel<?> model) {
    return model.trainableParameters().getFirst();
  }

  @Test
  void onlyTheRowsAreTrained() {
    Words base = words(false);
    float[] before = base.forward(ids).toFloats();
    float[] table = base.embed.weight().toFloats();
    AdaptedModel<Words> model =
        PeftModel.of(base, TrainableTokensConfig.of(TargetSpec.of("embed"), 3, 1));
    assertThat(base.forward(ids).toFloats()).isEqualTo(before);
    assertThat(model.trainableParameters()).hasSize(1);
    assertThat(model.namedParameters().stream().map(NamedParameter::name))
        .startsWith(
            "base_model.model.embed.base_layer.weight",
            "base_model.model.embed.trainable_tokens_delta.default");
    Sgd optimizer = Sgd.of(model.trainableParameters(), 0.5f);
    for (int i = 0; i < 3; i++) {
      base.forward(ids).square().mean().backward();
      optimizer.step();
    }
    assertThat(base.embed.weight().own().toFloats()).isEqualTo(table);
    float[] row = rows(model).slice(0, 0, 1).toFloats();
    assertThat(base.embed.forward(Tensor.of(new long[] {3})).toFloats()).containsExactly(row);
    assertThat(base.embed.forward(Tensor.of(new long[] {2})).toFloats())
        .containsExactly(java.util.Arrays.copyOfRange(table, 8, 12));
    float[] y = base.forward(ids).toFloats();
    model.mergeAndUnload();
    assertThat(base.forward(ids).toFloats()).isEqualTo(y);
    assertThat(
            Tensor.of(base.embed.weight().own(), base.embed.weight().shape())
                .slice(0, 3, 4)
                .toFloats())
        .containsExactly(row);
  }

  @Test
  void aHeadThatSharesTheWeightSharesTheRows() {
    Words base = words(true);
    float[] before = base.forward(ids).toFloats();
    AdaptedModel<Words> model =
        PeftModel.of(base, TrainableTokensConfig.of(TargetSpec.of("embed"), 3, 1));
    assertThat(base.forward(ids).toFloats())
        .usingComparatorWithPrecision(1e-6f)
        .containsExactly(before);
    Net.shake(model, "default", 5);
    float[] y = base.forward(ids).toFloats();
    Parameter r = rows(model);
    Words whole = words(true);
    whole.embed.weight().set(replaced(whole.embed.weight().toFloats(), r.toFloats(), 3, 1));
    assertThat(y)
        .usingComparatorWithPrecision(1e-6f)
        .containsExactly(whole.forward(ids).toFloats());
    gradientsAsThoughTheTableWereTrained(base, whole, r);
    model.save(folder);
    model.mergeAndUnload();
    assertThat(base.forward(ids).toFloats()).isEqualTo(whole.forward(ids).toFloats());
    Words again = words(true);
    PeftModel.load(again, folder);
    assertThat(again.forward(ids).toFloats()).isEqualTo(y);
  }

  private void gradientsAsThoughTheTableWereTrained(Words base, Words whole, Parameter r) {
    base.forward(ids).square().mean().backward();
    whole.forward(ids).square().mean().backward();
    Tensor full = whole.embed.weight().grad();
    Tensor expected = full.embedding(Tensor.of(new long[] {3, 1}));
    assertThat(r.grad().toFloats())
        .usingComparatorWithPrecision(1e-6f)
        .containsExactly(expected.toFloats());
  }

  private static float[] replaced(float[] table, float[] rows, int... ids) {
    for (int i = 0; i < ids.length; i++) {
      System.arraycopy(rows, i * 4, table, ids[i] * 4, 4);
    }
    return table;
  }

  /** As in peft: two rows for one token have no meaning. */
  @Test
  void twoAdaptersThatTrainRowsOfOneTokenCannotActTogether() {
    Words base = words(true);
    AdaptedModel<Words> model =
        PeftModel.of(base, TrainableTokensConfig.of(TargetSpec.of("embed"), 3, 1), "a");
    AdapterSet adapters = model.adapters();
    adapters.addMatching("b", TrainableTokensConfig.of(TargetSpec.of("embed"), 2, 1));
    adapters.addMatching("c", TrainableTokensConfig.of(TargetSpec.of("embed"), 4));
    assertThatThrownBy(() -> adapters.activate("a", "b"))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage(
            "adapters 'a' and 'b' cannot act at the same time: each has rows of its own for the"
                + " tokens [1] of one embedding, and only one can stand for it");
    assertThat(adapters.active()).containsExactly("a");
    assertThatThrownBy(() -> adapters.with(List.of("b", "a"), () -> base.forward(ids)))
        .hasMessageContaining("tokens [1]");
    assertThatThrownBy(() -> adapters.merge("a", "b")).hasMessageContaining("tokens [1]");
    assertThat(adapters.merged()).isEmpty();
    adapters.activate("a", "c");
    assertThat(adapters.with(List.of("b", "c"), () -> base.forward(ids).toFloats())).isNotEmpty();
  }

  @Test
  void insideLora() {
    Words base = words(false);
    LoraConfig config = LoraConfig.builder().r(2).targets("proj").trainableTokens(2, 7).build();
    AdaptedModel<Words> model = PeftModel.of(base, config);
    Net.shake(model, "default", 5);
    assertThat(model.namedParameters().stream().map(NamedParameter::name))
        .startsWith(
            "base_model.model.embed.token_adapter.base_layer.weight",
            "base_model.model.embed.token_adapter.trainable_tokens_delta.default");
    float[] y = base.forward(ids).toFloats();
    model.save(folder);
    Words other = words(false);
    AdaptedModel<Words> loaded = PeftModel.load(other, folder);
    assertThat(other.forward(ids).toFloats()).isEqualTo(y);
    assertThat(((LoraConfig) loaded.adapters().config("default")).trainableTokens().get(""))
        .containsExactly(2, 7);
    model.merge();
    assertThat(base.forward(ids).toFloats()).usingComparatorWithPrecision(1e-5f).containsExactly(y);
  }

  @Test
  void withNoTargetItIsTheInputEmbedding() {
    AdaptedModel<Words> model =
        PeftModel.of(words(false), TrainableTokensConfig.of(TargetSpec.builder().build(), 3));
    assertThat(model.adapters().layerStatus())
        .singleElement()
        .satisfies(s -> assertThat(s.name()).isEqualTo("model.embed"));
  }

  @Test
  void whatCannotBeSaysSo() {
    TargetSpec embed = TargetSpec.of("embed");
    assertThatThrownBy(() -> PeftModel.of(words(false), TrainableTokensConfig.of(embed, 10)))
        .hasMessageContaining("no token 10 in 'embed' of 10 rows");
    assertThatThrownBy(() -> TrainableTokensConfig.of(embed, 1, 1))
        .hasMessageContaining("1 comes twice");
    assertThatThrownBy(() -> TrainableTokensConfig.of(embed, -1))
        .hasMessageContaining("-1 is negative");
    assertThatThrownBy(() -> TrainableTokensConfig.of(embed)).hasMessageContaining("no id");
    assertThatThrownBy(
            () ->
                PeftModel.of(
                    words(false),
                    LoraConfig.builder().targets("proj").trainableTokens("embd", 1).build()))
        .hasMessageContaining("'embd'")
        .hasMessageContaining("embed");
    assertThatThrownBy(
            () ->
                PeftModel.of(
                    words(false),
                    LoraConfig.builder().targets("embed").trainableTokens("embed", 1).build()))
        .hasMessageContaining("'embed' is a target and has trainable tokens");
    assertThatThrownBy(
            () ->
                PeftModel.of(
                    words(false), LoraConfig.builder().targets("embed").trainableTokens(1).build()))
        .hasMessageContaining("'embed' is a target and has trainable tokens");
  }

  @Test
  void anotherSetOfTokensIsNotLoaded() {
    AdaptedModel<Words> model =
        PeftModel.of(words(false), TrainableTokensConfig.of(TargetSpec.of("embed"), 3, 1));
    model.save(folder);
    AdaptedModel<Words> other =
        PeftModel.of(words(false), TrainableTokensConfig.of(TargetSpec.of("embed"), 1, 3));
    assertThatThrownBy(() -> other.load(folder))
        .hasMessageContaining("[3, 1]")
        .hasMessageContaining("[1, 3]");
  }

  @Test
  void settingsBothWays() throws Exception {
    TrainableTokensTuner tuner = new TrainableTokensTuner();
    TrainableTokensConfig c =
        new TrainableTokensConfig(List.of(4, 2), false, TargetSpec.of("embed"), null, "some/base");
    assertThat(tuner.read(AdapterConfig.of(tuner.write(c)))).isEqualTo(c);
    LoraTuner lora = new LoraTuner();
    for (LoraConfig l :
        List.of(
            LoraConfig.builder().targets("proj").trainableTokens(4, 2).build(),
            LoraConfig.builder()
                .targets("proj")
                .trainableTokens("embed", 1)
                .trainableTokens("other", 2, 3)
                .build())) {
      LoraConfig read = lora.read(AdapterConfig.of(lora.write(l)));
      assertThat(read.trainableTokens()).isEqualTo(l.trainableTokens());
    }
  }
}
