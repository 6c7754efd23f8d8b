package dev.peft4j.tuner;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.peft4j.annotation.Init;
import dev.peft4j.data.Rng;
import dev.peft4j.io.AdapterFolder;
import dev.peft4j.nn.Embedding;
import dev.peft4j.nn.Linear;
import dev.peft4j.nn.Module;
import dev.peft4j.nn.NamedParameter;
import dev.peft4j.optim.AdamW;
import dev.peft4j.optim.Sgd;
import dev.peft4j.tensor.Tensor;
import dev.peft4j.tuner.lora.LoraConfig;
import java.io.IOException;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * An embedding and a head that hold one weight: what peft's users lose when they merge (its issues
 * 2018 and 2777).
 */
class TiedWeightsTest {
  private static final class Tied extends Module {
    final Embedding embed = new Embedding(9, 4);
    final Linear proj = new Linear(4, 4);
    final Linear head = new Linear(embed.weight(), null);

    Tensor forward(Tensor ids) {
      return head.forward(proj.forward(embed.forward(ids)).tanh());
    }
  }

  private final Tied base = tied();
  private final Tensor ids = Tensor.of(new long[] {1, 3, 8, 0, 3, 2}, 2, 3);
  private @TempDir Path folder;

  private static Tied tied() {
    return Rng.with(1, Tied::new);
  }

  private static LoraConfig.Builder lora(String... targets) {
    return LoraConfig.builder().r(2).alpha(3).targets(targets);
  }

  @ParameterizedTest
  @ValueSource(strings = {"embed", "head", "embed,head", "head,embed,proj"})
  void whicheverIsTargetedTheWeightStaysOne(String targets) throws IOException {
    float[] plain = base.forward(ids).toFloats();
    AdaptedModel<Tied> model = PeftModel.of(base, lora(targets.split(",")).build());
    assertThat(base.forward(ids).toFloats()).isEqualTo(plain);
    List<String> trained =
        model.namedParameters().stream()
            .filter(p -> p.parameter().trainable())
            .map(NamedParameter::name)
            .toList();
    assertThat(trained)
        .startsWith(
            "base_model.model.embed.lora_embedding_A.default",
            "base_model.model.embed.lora_embedding_B.default")
        .noneMatch(n -> n.contains("head"));
    Net.shake(model, "default", 3);
    float[] y = base.forward(ids).toFloats();

    // one product, in both places
    TunerLayer layer = model.adapters().adapter("default").layer("embed");
    Tied whole = tied();
    Tensor a = layer.parameters().get(0).parameter();
    Tensor b = layer.parameters().get(1).parameter();
    whole
        .embed
        .weight()
        .set(whole.embed.weight().add(b.matmul(a).transpose(0, 1).mul(1.5f)).toFloats());
    if (!targets.contains("proj")) {
      assertThat(y)
          .usingComparatorWithPrecision(1e-5f)
          .containsExactly(whole.forward(ids).toFloats());
    }

    model.save(folder);
    assertThat(AdapterFolder.read(folder).tensors().keySet())
        .hasSize(targets.contains("proj") ? 4 : 2);
    Tied other = tied();
    PeftModel.load(other, folder);
    assertThat(other.forward(ids).toFloats()).isEqualTo(y);

    model.merge();
    assertThat(base.forward(ids).toFloats()).usingComparatorWithPrecision(1e-5f).containsExactly(y);
    model.mergeAndUnload();
    assertThat(base.forward(ids).toFloats()).usingComparatorWithPrecision(1e-5f).containsExactly(y);
    assertThat(base.head.weight()).isSameAs(base.embed.weight());
    assertThat(base.embed.weight().toFloats())
        .usingComparatorWithPrecision(1e-6f)
        .containsExactly(whole.embed.weight().toFloats());
    assertThat(base.stateDict()).containsKey("embed.weight").doesNotContainKey("head.weight");
  }

  @Test
  void bothPlacesTrainTheOneAdapter() {
    AdaptedModel<Tied> model = Rng.with(3, () -> PeftModel.of(base, lora("embed").build()));
    AdamW optimizer = AdamW.of(model.trainableParameters(), 1e-2f);
    float before = base.forward(ids).square().mean().item();
    for (int i = 0; i < 5; i++) {
      base.forward(ids).square().mean().backward();
      optimizer.step();
    }
    float[] y = base.forward(ids).toFloats();
    assertThat(base.forward(ids).square().mean().item()).isLessThan(before);
    model.mergeAndUnload();
    assertThat(base.forward(ids).toFloats()).usingComparatorWithPrecision(1e-5f).containsExactly(y);
  }

  @Test
  void peftsDefaultAdaptsOneOfThemAndCannotBeWrittenIntoOneWeight() {
    float[] plain = base.embed.forward(ids).toFloats();
    AdaptedModel<Tied> model =
        PeftModel.of(base, lora("head").ensureWeightTying(false).init(Init.RANDOM).build());
    assertThat(base.embed.forward(ids).toFloats()).isEqualTo(plain);
    float[] y = base.forward(ids).toFloats();
    model.merge();
    assertThat(base.forward(ids).toFloats()).usingComparatorWithPrecision(1e-5f).containsExactly(y);
    model.unmerge();
    assertThatThrownBy(model::mergeAndUnload)
        .isInstanceOf(IllegalStateException.class)
        .hasMessageContaining("'embed.weight' is shared by 2 modules")
        .hasMessageContaining("ensureWeightTying");
    assertThat(base.forward(ids).toFloats()).isEqualTo(y);
  }

  @Test
  void theFileSaysThatTheyAreTied() throws IOException {
    PeftModel.of(base, lora("embed").build()).save(folder);
    assertThat(AdapterFolder.read(folder).config().flag("ensure_weight_tying", false)).isTrue();
    PeftModel.of(tied(), lora("proj").build()).save(folder.resolve("other"));
    assertThat(
            AdapterFolder.read(folder.resolve("other")).config().flag("ensure_weight_tying", true))
        .isFalse();
  }

  @Test
  void whatPeftSavesTwiceIsReadOnce() throws IOException {
    AdaptedModel<Tied> model = PeftModel.of(base, lora("embed").build());
    Net.shake(model, "default", 4);
    Map<String, dev.peft4j.io.StoredTensor> weights = new LinkedHashMap<>();
    model.save(folder);
    weights.putAll(AdapterFolder.read(folder).tensors());
    List<TunerLayer.Entry> p = model.adapters().adapter("default").layer("embed").parameters();
    put(weights, "base_model.model.head.lora_A.weight", p.get(1).parameter().transpose(0, 1));
    put(weights, "base_model.model.head.lora_B.weight", p.get(0).parameter().transpose(0, 1));
    put(
        weights,
        "base_model.model.embed.base_layer.weight",
        Tensor.of(base.embed.weight().own(), base.embed.weight().shape()));
    model.adapters().hotSwap("default", weights);
    put(weights, "base_model.model.embed.base_layer.weight", Tensor.zeros(9, 4));
    assertThatThrownBy(() -> model.adapters().hotSwap("default", weights))
        .hasMessageContaining("base_model.model.embed.base_layer.weight");
  }

  private static void put(
      Map<String, dev.peft4j.io.StoredTensor> weights, String key, Tensor value) {
    weights.put(key, new dev.peft4j.io.StoredTensor(value.shape(), value.storage()));
  }

  @Test
  void twoLinearLayersShareToo() {
    Linear one = Rng.with(2, () -> new Linear(4, 4));
    Module pair =
        new Module() {
          final Linear first = one;
          final Linear second = new Linear(one.weight(), null);
        };
    Linear second = (Linear) pair.children().get("second");
    AdaptedModel<Module> model = PeftModel.of(pair, lora("first").init(Init.PISSA).build());
    Net.shake(model, "default", 4);
    Tensor x = Tensor.of(new Rng(5).normal(8, 0, 1), 2, 4);
    float[] a = one.forward(x).sub(one.bias()).toFloats();
    assertThat(second.forward(x).toFloats()).usingComparatorWithPrecision(1e-6f).containsExactly(a);
    model.mergeAndUnload();
    assertThat(second.forward(x).toFloats()).usingComparatorWithPrecision(1e-5f).containsExactly(a);
  }

  @Test
  void whatCannotBeSharedIsNot() {
    AdaptedModel<Tied> model = PeftModel.of(base, lora("embed").dora(true).build());
    Net.shake(model, "default", 4);
    assertThatThrownBy(model::mergeAndUnload)
        .hasMessageContaining("'embed.weight' is shared by 2 modules");
    Tied other = tied();
    AdaptedModel<Tied> excluded =
        PeftModel.of(other, lora("embed").exclude("head").init(Init.RANDOM).build());
    assertThat(other.head.forward(Tensor.zeros(1, 4)).toFloats()).containsOnly(0);
    assertThatThrownBy(excluded::mergeAndUnload).hasMessageContaining("ensureWeightTying");
  }

  @Test
  void asPeftTiesThemEachHasItsOwnAdapterOfTheSameValues() throws IOException {
    AdaptedModel<Tied> model =
        Rng.with(3, () -> PeftModel.of(base, lora("embed").ensureWeightTying(true).build()));
    assertThat(
            model.namedParameters().stream()
                .filter(p -> p.parameter().trainable())
                .map(NamedParameter::name))
        .containsExactly(
            "base_model.model.embed.lora_embedding_A.default",
            "base_model.model.embed.lora_embedding_B.default",
            "base_model.model.head.lora_A.default.weight",
            "base_model.model.head.lora_B.default.weight");
    requireTransposed(model);
    List<TunerLayer.Entry> e = model.adapters().adapter("default").layer("embed").parameters();
    List<TunerLayer.Entry> h = model.adapters().adapter("default").layer("head").parameters();
    Net.shake(model, "default", 4);
    requireTransposed(model);

    // plain descent: each follows its own gradient, one after the other
    Sgd optimizer = Sgd.of(model.trainableParameters(), 0.1f);
    float[] before = e.get(0).parameter().own().toFloats();
    base.forward(ids).square().mean().backward();
    float[] own = e.get(0).parameter().grad().toFloats();
    float[] ofHead = h.get(1).parameter().grad().transpose(0, 1).toFloats();
    optimizer.step();
    float[] after = e.get(0).parameter().own().toFloats();
    for (int i = 0; i < before.length; i++) {
      assertThat(after[i])
          .isCloseTo(
              before[i] - 0.1f * own[i] - 0.1f * ofHead[i],
              org.assertj.core.data.Offset.offset(1e-6f));
    }
    requireTransposed(model);

    model.save(folder);
    Map<String, dev.peft4j.io.StoredTensor> saved = AdapterFolder.read(folder).tensors();
    assertThat(saved.keySet())
        .containsExactlyInAnyOrder(
            "base_model.model.embed.lora_embedding_A",
            "base_model.model.embed.lora_embedding_B",
            "base_model.model.head.lora_A.weight",
            "base_model.model.head.lora_B.weight",
            "base_model.model.embed.base_layer.weight",
            "base_model.model.head.base_layer.weight");
    float[] y = base.forward(ids).toFloats();
    Tied other = tied();
    AdaptedModel<Tied> loaded = PeftModel.load(other, folder, true);
    assertThat(other.forward(ids).toFloats()).isEqualTo(y);
    requireTransposed(loaded);

    // as in peft, merging adds both to the one weight
    float[] w = base.embed.weight().own().toFloats();
    float[] delta =
        e.get(1)
            .parameter()
            .matmul(e.get(0).parameter())
            .transpose(0, 1)
            .mul(3) // twice alpha / r
            .toFloats();
    model.mergeAndUnload();
    float[] merged = base.embed.weight().own().toFloats();
    for (int i = 0; i < w.length; i++) {
      assertThat(merged[i]).isCloseTo(w[i] + delta[i], org.assertj.core.data.Offset.offset(1e-5f));
    }
  }

  private static void requireTransposed(PeftModel model) {
    List<TunerLayer.Entry> e = model.adapters().adapter("default").layer("embed").parameters();
    List<TunerLayer.Entry> h = model.adapters().adapter("default").layer("head").parameters();
    for (int i = 0; i < 2; i++) {
      assertThat(h.get(1 - i).parameter().ownTensor().transpose(0, 1).toFloats())
          .isEqualTo(e.get(i).parameter().own().toFloats());
    }
  }

  @Test
  void otherWeightsOfTheBaseKeepThemTheSame() {
    AdaptedModel<Tied> model =
        Rng.with(3, () -> PeftModel.of(base, lora("embed").ensureWeightTying(true).build()));
    Map<String, dev.peft4j.data.Storage> values = new LinkedHashMap<>();
    Rng.with(8, Tied::new).stateDict().forEach((name, p) -> values.put(name, p.own()));
    model.adapters().loadBase(values);
    requireTransposed(model);
  }

  @Test
  void aFileOfSharedAdaptersStaysOne() throws IOException {
    AdaptedModel<Tied> model = PeftModel.of(base, lora("embed").build());
    Net.shake(model, "default", 4);
    model.save(folder);
    Tied other = tied();
    AdaptedModel<Tied> loaded = PeftModel.load(other, folder);
    float[] y = other.forward(ids).toFloats();
    assertThat(loaded.namedParameters().stream().map(NamedParameter::name))
        .noneMatch(n -> n.contains("head.lora"));
    loaded.mergeAndUnload();
    assertThat(other.forward(ids).toFloats())
        .usingComparatorWithPrecision(1e-5f)
        .containsExactly(y);
  }
}
