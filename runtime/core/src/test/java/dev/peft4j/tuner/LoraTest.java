package dev.peft4j.tuner;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.peft4j.annotation.Bias;
import dev.peft4j.annotation.Init;
import dev.peft4j.data.Rng;
import dev.peft4j.data.Shape;
import dev.peft4j.nn.Conv2d;
import dev.peft4j.nn.Embedding;
import dev.peft4j.nn.Linear;
import dev.peft4j.nn.NamedParameter;
import dev.peft4j.nn.Parameter;
import dev.peft4j.nn.Sequential;
import dev.peft4j.optim.AdamW;
import dev.peft4j.tensor.Tensor;
import dev.peft4j.tuner.lora.LoraConfig;
import dev.peft4j.tuner.lora.LoraTuner;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class LoraTest {
  private static LoraConfig.Builder config(String... targets) {
    return LoraConfig.builder().r(2).targets(targets);
  }

  private static List<String> trainable(PeftModel model) {
    return model.namedParameters().stream()
        .filter(p -> p.parameter().trainable())
        .map(NamedParameter::name)
        .toList();
  }

  private static Parameter parameter(PeftModel model, String name) {
    return model.namedParameters().stream()
        .filter(p -> p.name().equals("base_model.model." + name))
        .findFirst()
        .orElseThrow(() -> new AssertionError(name + " in " + model.namedParameters()))
        .parameter();
  }

  @Test
  void namesAndCountsArePefts() {
    Nets.Base base = new Nets.Base();
    PeftModel model =
        PeftModel.of(base, LoraConfig.builder().r(1).alpha(4).targets("linear").build());
    assertThat(
            model.namedParameters().stream()
                .map(p -> p.name() + " " + p.parameter().shape() + " " + p.parameter().trainable()))
        .containsExactly(
            "base_model.model.linear.base_layer.weight (4, 2) false",
            "base_model.model.linear.base_layer.bias (4,) false",
            "base_model.model.linear.lora_A.default.weight (1, 2) true",
            "base_model.model.linear.lora_B.default.weight (4, 1) true");
    assertThat(model.trainableSummary())
        .isEqualTo("trainable params: 6 || all params: 18 || trainable%: 33.3333");
  }

  @Test
  void thousandsHaveCommas() {
    Sequential base = new Sequential(new Linear(1000, 1000));
    PeftModel model = PeftModel.of(base, LoraConfig.builder().targets("0").build());
    assertThat(model.trainableSummary())
        .isEqualTo("trainable params: 16,000 || all params: 1,017,000 || trainable%: 1.5733");
  }

  @Test
  void bIsZeroAndAIsUniform() {
    Sequential base = new Sequential(new Linear(400, 300));
    PeftModel model = PeftModel.of(base, LoraConfig.builder().r(16).targets("0").build());
    float[] a = parameter(model, "0.lora_A.default.weight").toFloats();
    assertThat(parameter(model, "0.lora_B.default.weight").toFloats()).containsOnly(0);
    assertWithin(a, 1 / 20.0); // kaiming_uniform(a = √5): ±1 / √400
    assertThat(deviation(a)).isCloseTo(1 / 20.0 / Math.sqrt(3), within(0.001));
  }

  @Test
  void randomStartsBothAndGaussianStartsAWithADeviationOfOneByRank() {
    Sequential base = new Sequential(new Linear(400, 300), new Linear(400, 300));
    AdaptedModel<Sequential> random =
        PeftModel.of(base, LoraConfig.builder().r(16).init(Init.RANDOM).targets("0").build());
    float[] b = parameter(random, "0.lora_B.default.weight").toFloats();
    assertWithin(b, 1 / 4.0); // ±1 / √16
    assertThat(deviation(b)).isCloseTo(1 / 4.0 / Math.sqrt(3), within(0.01));
    base = new Sequential(new Linear(400, 300));
    PeftModel gaussian =
        PeftModel.of(base, LoraConfig.builder().r(16).init(Init.GAUSSIAN).targets("0").build());
    float[] a = parameter(gaussian, "0.lora_A.default.weight").toFloats();
    assertThat(deviation(a)).isCloseTo(1 / 16.0, within(0.003));
    assertThat(parameter(gaussian, "0.lora_B.default.weight").toFloats()).containsOnly(0);
  }

  @Test
  void embeddingsStartTheOtherWayRound() {
    PeftModel model =
        PeftModel.of(
            new Sequential(new Embedding(50, 60)), LoraConfig.builder().r(20).targets("0").build());
    Parameter a = parameter(model, "0.lora_embedding_A.default");
    Parameter b = parameter(model, "0.lora_embedding_B.default");
    assertThat(a.shape()).isEqualTo(Shape.of(20, 50));
    assertThat(b.shape()).isEqualTo(Shape.of(60, 20));
    assertThat(a.toFloats()).containsOnly(0);
    assertThat(deviation(b.toFloats())).isCloseTo(1, within(0.1));
  }

  @Test
  void convolutionsKeepTheirWindowInA() {
    PeftModel model =
        PeftModel.of(
            new Sequential(new Conv2d(4, 6, 3)), LoraConfig.builder().r(2).targets("0").build());
    assertThat(parameter(model, "0.lora_A.default.weight").shape()).isEqualTo(Shape.of(2, 4, 3, 3));
    assertThat(parameter(model, "0.lora_B.default.weight").shape()).isEqualTo(Shape.of(6, 2, 1, 1));
  }

  @Test
  void theSameSeedGivesTheSameAdapter() {
    float[] a = adapterOfSeed(5);
    assertThat(adapterOfSeed(5)).isEqualTo(a);
    assertThat(adapterOfSeed(6)).isNotEqualTo(a);
  }

  private static float[] adapterOfSeed(long seed) {
    Nets.Mlp base = Nets.mlp(1);
    PeftModel model = Rng.with(seed, () -> PeftModel.of(base, config("fc1").build()));
    return parameter(model, "fc1.lora_A.default.weight").toFloats();
  }

  @Test
  void patternsChangeRankAndScale() {
    Nets.Mlp base = Nets.mlp(1);
    PeftModel model =
        PeftModel.of(
            base,
            config("fc1", "fc2").alpha(4).rankPattern("fc2", 5).alphaPattern("fc1", 7).build());
    assertThat(parameter(model, "fc1.lora_A.default.weight").shape()).isEqualTo(Shape.of(2, 16));
    assertThat(parameter(model, "fc2.lora_A.default.weight").shape()).isEqualTo(Shape.of(5, 32));
    parameter(model, "fc1.lora_B.default.weight").set(ones(64));
    Tensor x = Nets.input(1, 1, 16);
    float[] delta =
        base.fc1.forward(x).sub(model.withoutAdapter(() -> base.fc1.forward(x))).toFloats();
    float expected =
        3.5f * x.linear(parameter(model, "fc1.lora_A.default.weight"), null).sum().item();
    assertThat(delta[0]).isCloseTo(expected, within(1e-4f));
  }

  private static float[] ones(int n) {
    float[] v = new float[n];
    Arrays.fill(v, 1);
    return v;
  }

  @Test
  void biasAllTrainsEveryBiasAsACopy() {
    Nets.Mlp base = Nets.mlp(1);
    float[] before = base.fc1.bias().own().toFloats();
    PeftModel model = PeftModel.of(base, config("fc1").bias(Bias.ALL).build());
    assertThat(trainable(model))
        .containsExactly(
            "base_model.model.fc1.base_layer.bias",
            "base_model.model.fc1.lora_A.default.weight",
            "base_model.model.fc1.lora_B.default.weight",
            "base_model.model.head.bias",
            "base_model.model.norm.bias");
    train(base, model);
    assertThat(base.fc1.bias().own().toFloats()).isEqualTo(before);
    assertThat(parameter(model, "fc1.base_layer.bias").toFloats()).isNotEqualTo(before);
  }

  @Test
  void biasLoraOnlyTrainsThoseOfAdaptedLayers() {
    PeftModel model = PeftModel.of(Nets.mlp(1), config("fc1", "fc2").bias(Bias.LORA_ONLY).build());
    assertThat(trainable(model))
        .containsExactly(
            "base_model.model.fc1.base_layer.bias",
            "base_model.model.fc1.lora_A.default.weight",
            "base_model.model.fc1.lora_B.default.weight",
            "base_model.model.fc2.lora_A.default.weight",
            "base_model.model.fc2.lora_B.default.weight");
  }

  @Test
  void modulesToSaveAreTrainedAsCopies() {
    Nets.Mlp base = Nets.mlp(1);
    Tensor x = Nets.input(2, 3, 16);
    float[] before = base.forward(x).toFloats();
    Map<String, float[]> baseBefore = Nets.values(base.namedParameters(), n -> true);
    PeftModel model = PeftModel.of(base, config("fc1").modulesToSave("head").build());
    assertThat(trainable(model))
        .containsExactly(
            "base_model.model.fc1.lora_A.default.weight",
            "base_model.model.fc1.lora_B.default.weight",
            "base_model.model.head.modules_to_save.default.weight",
            "base_model.model.head.modules_to_save.default.bias");
    assertThat(base.forward(x).toFloats()).isEqualTo(before);
    train(base, model);
    assertThat(base.forward(x).toFloats()).isNotEqualTo(before);
    assertThat(model.withoutAdapter(() -> base.forward(x).toFloats())).isEqualTo(before);
    Nets.values(base.namedParameters(), n -> true)
        .forEach((name, v) -> assertThat(v).as(name).isEqualTo(baseBefore.get(name)));
  }

  private static void train(Nets.Mlp base, PeftModel model) {
    AdamW optimizer = AdamW.of(model.trainableParameters(), 1e-2f);
    for (int i = 0; i < 3; i++) {
      base.forward(Nets.input(3, 4, 16)).square().mean().backward();
      optimizer.step();
    }
  }

  @Test
  void dropoutIsOnTheAdaptersInputWhileTraining() {
    Nets.Mlp base = Nets.mlp(1);
    AdaptedModel<Nets.Mlp> model =
        Rng.with(4, () -> PeftModel.of(base, config("fc1").dropout(0.5).build()));
    Tensor x = Nets.input(2, 3, 16);
    float[] plain = base.forward(x).toFloats(); // B is zero: dropout has nothing to act on
    assertThat(base.forward(x).toFloats()).isEqualTo(plain);
    Nets.disturb(model, 1);
    float[] once = base.forward(x).toFloats();
    assertThat(base.forward(x).toFloats()).isNotEqualTo(once);
    base.eval();
    float[] eval = base.forward(x).toFloats();
    assertThat(base.forward(x).toFloats()).isEqualTo(eval);
    base.train();
    assertThat(base.forward(x).toFloats()).isNotEqualTo(eval);
  }

  @Test
  void targetsMayBeEndsOfPathsPatternsOrLayers() {
    Nets.Tower tower = new Nets.Tower();
    assertThat(adapted(tower, LoraConfig.builder().targets("q_proj").layers(0, 2)))
        .containsExactly("body.layers.0.q_proj", "body.layers.2.q_proj");
    assertThat(adapted(new Nets.Tower(), LoraConfig.builder().targets("layers.1.v_proj")))
        .containsExactly("body.layers.1.v_proj");
    assertThat(adapted(new Nets.Tower(), LoraConfig.builder().targetRegex(".*\\.[01]\\..*v_proj")))
        .containsExactly("body.layers.0.v_proj", "body.layers.1.v_proj");
    assertThat(
            adapted(
                new Nets.Tower(),
                LoraConfig.builder().allLinear().excludeRegex("body.layers.[12].*|lm_head")))
        .containsExactly("body.layers.0.q_proj", "body.layers.0.v_proj");
  }

  private static List<String> adapted(Nets.Tower tower, LoraConfig.Builder config) {
    return trainable(PeftModel.of(tower, config.build())).stream()
        .filter(n -> n.endsWith("lora_A.default.weight"))
        .map(n -> n.replace("base_model.model.", "").replace(".lora_A.default.weight", ""))
        .toList();
  }

  @Test
  void aTargetThatNamesNothingIsAnErrorWithSuggestions() {
    Nets.Tower tower = new Nets.Tower();
    assertThatThrownBy(
            () -> PeftModel.of(tower, LoraConfig.builder().targets("q_proj", "vProj").build()))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("Target modules [vProj] not found in the base model")
        .hasMessageContaining("Did you mean \"v_proj\"?")
        .hasMessageContaining("body.layers.0.q_proj");
    assertThatThrownBy(() -> PeftModel.of(tower, LoraConfig.builder().targetRegex("nope").build()))
        .hasMessageContaining("[nope] not found");
    assertThatThrownBy(() -> PeftModel.of(tower, config("q_proj").modulesToSave("lmhead").build()))
        .hasMessageContaining("modulesToSave 'lmhead' not found")
        .hasMessageContaining("\"lm_head\"");
    assertThatThrownBy(() -> PeftModel.of(tower, LoraConfig.builder().build()))
        .hasMessageContaining("no targets");
  }

  @Test
  void aTargetThatIsExcludedIsNoMistakeUnlessNothingIsLeft() {
    PeftModel model =
        PeftModel.of(
            Nets.mlp(1), LoraConfig.builder().targets("fc1", "fc2").exclude("fc2").build());
    assertThat(trainable(model)).hasSize(2);
    assertThatThrownBy(() -> PeftModel.of(Nets.mlp(1), config("fc2").exclude("fc2").build()))
        .hasMessageContaining("'fc2' is there, but left out: EXCLUDED");
  }

  @Test
  void aLayerThatCannotBeAdaptedIsAnErrorAndLeavesTheModelAsItWas() {
    Nets.Mlp base = Nets.mlp(1);
    Tensor x = Nets.input(2, 3, 16);
    float[] before = base.forward(x).toFloats();
    assertThatThrownBy(() -> PeftModel.of(base, config("fc1", "norm").bias(Bias.ALL).build()))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining(
            "LoRA cannot adapt 'norm' of type LayerNorm; it adapts [Linear, TransposedLinear,");
    assertThat(base.forward(x).toFloats()).isEqualTo(before);
    assertThat(base.trainableParameters()).hasSameSizeAs(base.parameters());
    PeftModel second = PeftModel.of(base, config("fc1").build());
    assertThat(trainable(second)).hasSize(2);
  }

  @Test
  void aModelMayBeAdaptedAgainOnceItsAdaptersAreGone() {
    Nets.Mlp base = Nets.mlp(1);
    Tensor x = Nets.input(2, 3, 16);
    float[] before = base.forward(x).toFloats();
    AdaptedModel<Nets.Mlp> model = PeftModel.of(base, config("fc1").build());
    Nets.disturb(model, 1);
    model.adapters().unload();
    assertThat(base.forward(x).toFloats()).isEqualTo(before);
    PeftModel second = PeftModel.of(base, config("fc2").build());
    assertThat(trainable(second)).hasSize(2);
    Nets.disturb(second, 1);
    assertThat(base.forward(x).toFloats()).isNotEqualTo(before);
  }

  @Test
  void everyTunerIsFoundByItsName() {
    assertThat(Tuner.of("LORA")).isInstanceOf(LoraTuner.class);
    assertThatThrownBy(() -> Tuner.of("NOPE"))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("no tuner for peft type 'NOPE'; available: [")
        .hasMessageContaining("LORA");
  }

  private static void assertWithin(float[] values, double bound) {
    double largest = 0;
    for (float v : values) {
      largest = Math.max(largest, Math.abs(v));
    }
    assertThat(largest).isBetween(bound * 0.99, bound);
  }

  private static double deviation(float[] values) {
    double sum = 0;
    for (float v : values) {
      sum += v;
    }
    double mean = sum / values.length;
    double squares = 0;
    for (float v : values) {
      squares += (v - mean) * (v - mean);
    }
    return Math.sqrt(squares / values.length);
  }
}
