package dev.peft4j.tuner;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.peft4j.annotation.Init;
import dev.peft4j.data.Rng;
import dev.peft4j.linalg.LinearAlgebra;
import dev.peft4j.nn.Conv2d;
import dev.peft4j.nn.Embedding;
import dev.peft4j.nn.Linear;
import dev.peft4j.nn.Module;
import dev.peft4j.nn.Parameter;
import dev.peft4j.nn.TransposedLinear;
import dev.peft4j.tensor.Tensor;
import dev.peft4j.tuner.lora.LoraConfig;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

class LoraStartTest {
  private static final class One extends Module {
    final Linear linear = new Linear(7, 5);
    final TransposedLinear turned = new TransposedLinear(5, 9);

    Tensor forward(Tensor x) {
      return turned.forward(linear.forward(x).tanh());
    }
  }

  private final One base = Rng.with(1, One::new);
  private final Tensor x = Tensor.of(new Rng(2).normal(3 * 7, 0, 1), 3, 7);
  private @TempDir Path folder;

  private static LoraConfig.Builder lora(Init init) {
    return LoraConfig.builder().r(2).alpha(3).init(init).targets("linear", "turned");
  }

  @ParameterizedTest
  @EnumSource(Init.class)
  void allButRandomStartAsTheIdentityAndLeaveTheBaseAlone(Init init) {
    float[] before = base.forward(x).toFloats();
    float[] weight = base.linear.weight().toFloats();
    AdaptedModel<One> model = Rng.with(3, () -> PeftModel.of(base, lora(init).build()));
    float[] adapted = base.forward(x).toFloats();
    if (init == Init.RANDOM) {
      assertThat(adapted).usingComparatorWithPrecision(1e-3f).isNotEqualTo(before);
    } else {
      assertThat(adapted).usingComparatorWithPrecision(1e-5f).containsExactly(before);
    }
    assertThat(base.linear.weight().own().toFloats()).isEqualTo(weight);
    assertThat(model.<float[]>withoutAdapter(() -> base.forward(x).toFloats())).isEqualTo(before);
    Net.shake(model, "default", 4);
    float[] shaken = base.forward(x).toFloats();
    model.merge();
    assertThat(base.forward(x).toFloats())
        .usingComparatorWithPrecision(1e-5f)
        .containsExactly(shaken);
    model.adapters().unload();
    assertThat(base.linear.weight().own().toFloats()).isNotEqualTo(weight);
  }

  @Test
  void unloadedUnmergedTheBaseIsWhatItWas() {
    float[] before = base.forward(x).toFloats();
    AdaptedModel<One> model = PeftModel.of(base, lora(Init.PISSA).build());
    Net.shake(model, "default", 4);
    model.merge();
    model.unmerge();
    model.adapters().unload();
    assertThat(base.forward(x).toFloats()).isEqualTo(before);
  }

  @Test
  void pissaStartsFromTheLargestSingularValues() {
    AdaptedModel<One> model = PeftModel.of(base, lora(Init.PISSA).build());
    LinearAlgebra.Svd svd = LinearAlgebra.available().svd(base.linear.weight().toFloats(), 5, 7);
    float[] product = product(model, "linear");
    for (int i = 0; i < 5; i++) {
      for (int j = 0; j < 7; j++) {
        double sum = 0;
        for (int k = 0; k < 2; k++) {
          sum += svd.u()[i * 5 + k] * svd.s()[k] * svd.vt()[k * 7 + j];
        }
        assertThat((double) product[i * 7 + j] * 1.5)
            .isCloseTo(sum, org.assertj.core.api.Assertions.within(1e-5));
      }
    }
  }

  /** B · A. */
  private static float[] product(AdaptedModel<?> model, String path) {
    List<TunerLayer.Entry> p = model.adapters().adapter("default").layer(path).parameters();
    return p.get(1).parameter().matmul(p.get(0).parameter()).toFloats();
  }

  @ParameterizedTest
  @ValueSource(strings = {"linear", "turned"})
  void pissaInIterationsComesCloseToTheExactOne(String path) {
    One other = Rng.with(1, One::new);
    float[] exact = product(PeftModel.of(other, lora(Init.PISSA).build()), path);
    AdaptedModel<One> model = PeftModel.of(base, lora(Init.DEFAULT).pissa(60).build());
    assertThat(product(model, path)).usingComparatorWithPrecision(1e-4f).containsExactly(exact);
  }

  @Test
  void aSavedAdapterFindsItsPartOfTheWeightAgain() {
    AdaptedModel<One> model =
        Rng.with(5, () -> PeftModel.of(base, lora(Init.DEFAULT).pissa(1).build()));
    Net.shake(model, "default", 6);
    model.save(folder);
    One other = Rng.with(1, One::new);
    PeftModel.load(other, folder);
    assertThat(other.forward(x).toFloats()).isEqualTo(base.forward(x).toFloats());
    AdaptedModel<One> plain = PeftModel.of(Rng.with(1, One::new), lora(Init.DEFAULT).build());
    assertThatThrownBy(() -> plain.load(folder))
        .hasMessageContaining("init_lora_weights")
        .hasMessageContaining("PISSA 1");
  }

  @Test
  void aRankAboveTheWeightsIsCutToIt() {
    AdaptedModel<One> model = PeftModel.of(base, lora(Init.PISSA).r(30).build());
    TunerLayer.Entry a =
        model.adapters().adapter("default").layer("linear").parameters().getFirst();
    assertThat(a.parameter().shape().toArray()).containsExactly(5, 7);
    assertThatThrownBy(
            () -> PeftModel.of(Rng.with(1, One::new), lora(Init.DEFAULT).r(6).pissa(2).build()))
        .hasMessageContaining("'linear' of 5 x 7, got 6");
  }

  @Test
  void orthogonalHasNoProductButTwoFactors() {
    AdaptedModel<One> model =
        Rng.with(4, () -> PeftModel.of(base, lora(Init.ORTHOGONAL).r(4).build()));
    assertThat(product(model, "linear")).usingComparatorWithPrecision(1e-6f).containsOnly(0);
    for (TunerLayer.Entry e : model.adapters().adapter("default").layer("linear").parameters()) {
      assertThat(e.parameter().toFloats())
          .usingComparatorWithPrecision(1e-3f)
          .isNotEqualTo(new float[e.parameter().shape().size()]);
    }
    assertThatThrownBy(
            () -> PeftModel.of(Rng.with(1, One::new), lora(Init.ORTHOGONAL).r(3).build()))
        .hasMessageContaining("requires the LoRA rank to be even, got 3 for 'linear'");
  }

  private static final class Others extends Module {
    final Embedding embed = new Embedding(6, 4);
    final Conv2d conv = new Conv2d(1, 2, 3);
  }

  @Test
  void whatIsForLinearLayersSaysSo() {
    for (Init init : List.of(Init.PISSA, Init.OLORA, Init.ORTHOGONAL)) {
      assertThatThrownBy(
              () ->
                  PeftModel.of(
                      new Others(), LoraConfig.builder().r(2).init(init).targets("conv").build()))
          .hasMessageContaining(init.name())
          .hasMessageContaining("'conv', a Conv2d");
      // as in peft, an embedding starts as ever
      AdaptedModel<Others> model =
          PeftModel.of(new Others(), LoraConfig.builder().r(2).init(init).targets("embed").build());
      assertThat(
              model
                  .adapters()
                  .adapter("default")
                  .layer("embed")
                  .parameters()
                  .getFirst()
                  .parameter()
                  .toFloats())
          .containsOnly(0);
    }
    assertThatThrownBy(
            () ->
                PeftModel.of(
                    new Others(), LoraConfig.builder().loraBias(true).targets("embed").build()))
        .hasMessageContaining("lora_bias is not supported for the embedding 'embed'");
  }

  @Test
  void settingsThatContradict() {
    assertThatThrownBy(() -> lora(Init.PISSA).loraBias(true).build())
        .hasMessageContaining("DEFAULT or RANDOM, got PISSA");
    assertThatThrownBy(() -> lora(Init.DEFAULT).loraBias(true).dora(true).build())
        .hasMessageContaining("not supported with dora");
    assertThatThrownBy(() -> lora(Init.DEFAULT).pissa(-2).build()).hasMessageContaining("-2");
  }

  @Test
  void aBiasOfBIsMergedIntoTheLayersBiasOnly() {
    AdaptedModel<One> model =
        PeftModel.of(base, LoraConfig.builder().r(2).loraBias(true).targets("linear").build());
    Net.shake(model, "default", 3);
    float[] y = base.forward(x).toFloats();
    model.mergeAndUnload();
    assertThat(base.forward(x).toFloats()).usingComparatorWithPrecision(1e-5f).containsExactly(y);

    Linear bare = new Linear(3, 3, false);
    Module holder =
        new Module() {
          final Linear linear = bare;
        };
    AdaptedModel<Module> without =
        PeftModel.of(holder, LoraConfig.builder().r(2).loraBias(true).targets("linear").build());
    assertThatThrownBy(without::merge)
        .isInstanceOf(IllegalStateException.class)
        .hasMessageContaining("'linear' has a bias (lora_bias) and the layer has none");
  }

  @Test
  void theNormOfDoraIsAConstantToTheGradientButFollowsTheWeights() {
    One one = base;
    AdaptedModel<One> model =
        Rng.with(
            3,
            () ->
                PeftModel.of(one, LoraConfig.builder().r(2).dora(true).targets("linear").build()));
    Parameter m =
        model.adapters().adapter("default").layer("linear").parameters().get(2).parameter();
    assertThat(model.namedParameters().stream().map(p -> p.name()))
        .contains("base_model.model.linear.lora_magnitude_vector.default.weight");
    Tensor weight = Tensor.of(one.linear.weight().own(), one.linear.weight().shape());
    assertThat(m.toFloats())
        .usingComparatorWithPrecision(1e-6f)
        .containsExactly(weight.square().sum(1).sqrt().toFloats());
    Net.shake(model, "default", 8);
    // whatever its size, B·A changes the direction only: each row of the merged weight is as long
    // as its magnitude
    model.mergeAndUnload();
    Tensor merged = Tensor.of(one.linear.weight().own(), one.linear.weight().shape());
    float[] lengths = merged.square().sum(1).sqrt().toFloats();
    float[] expected = m.abs().toFloats();
    assertThat(lengths).usingComparatorWithPrecision(1e-5f).containsExactly(expected);
  }
}
