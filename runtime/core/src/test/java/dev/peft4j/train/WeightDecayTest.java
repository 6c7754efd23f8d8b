package dev.peft4j.train;

import static org.assertj.core.api.Assertions.assertThat;

import dev.peft4j.data.Rng;
import dev.peft4j.nn.LayerNorm;
import dev.peft4j.nn.Linear;
import dev.peft4j.nn.Module;
import dev.peft4j.nn.NamedParameter;
import dev.peft4j.nn.Parameter;
import dev.peft4j.nn.RmsNorm;
import dev.peft4j.optim.AdamW;
import dev.peft4j.tensor.Tensor;
import dev.peft4j.tuner.AdaptedModel;
import dev.peft4j.tuner.PeftModel;
import dev.peft4j.tuner.lora.LoraConfig;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.Function;
import org.junit.jupiter.api.Test;

/** Which parameters decay: in a {@code Trainer} neither biases nor norms. */
class WeightDecayTest {
  private static final class Net extends Module {
    final Linear fc = new Linear(4, 4);
    final Linear head = new Linear(4, 4);
    final LayerNorm scale = new LayerNorm(4);
    final RmsNorm rms = new RmsNorm(4);

    /** By its name alone a norm. */
    final Linear input_norm = new Linear(4, 4, false);

    Tensor forward(Tensor x) {
      return rms.forward(input_norm.forward(scale.forward(head.forward(fc.forward(x)))));
    }
  }

  private static AdaptedModel<Net> model() {
    AdaptedModel<Net> model =
        Rng.with(
            1,
            () ->
                PeftModel.of(
                    new Net(),
                    LoraConfig.builder()
                        .targets("fc")
                        .modulesToSave("head", "scale", "rms", "input_norm")
                        .r(2)
                        .build()));
    for (Parameter p : model.trainableParameters()) {
      float[] ones = new float[(int) p.shape().elements()];
      java.util.Arrays.fill(ones, 1);
      p.set(ones);
    }
    return model;
  }

  private static AdamW.Builder adam() {
    // shrinks by a tenth in a step; Adam itself moves by at most 1e-3
    return AdamW.builder().lr(1e-3f).weightDecay(100);
  }

  /** The first values after a step from 1, rounded to a tenth. */
  private static Map<String, Double> after(AdaptedModel<Net> model) {
    Map<String, Double> values = new TreeMap<>();
    for (NamedParameter p : model.namedParameters()) {
      if (p.parameter().trainable()) {
        values.put(
            p.name().replace("base_model.model.", "").replace(".modules_to_save.default", ""),
            Math.round(p.parameter().own().floatAt(0) * 100) / 100.0);
      }
    }
    return values;
  }

  private static Tensor x() {
    return Tensor.of(new Rng(2).normal(12, 0, 1), 3, 4);
  }

  private static Map<String, Double> trained(
      AdaptedModel<Net> model, Function<List<Parameter>, AdamW> make) {
    AdamW optimizer = make.apply(model.trainableParameters());
    Trainer.of(
            model,
            optimizer,
            Batches.of(List.of(x())),
            x -> model.model().forward(x).square().mean())
        .settings(TrainingSettings.steps(1))
        .run();
    return after(model);
  }

  private static Map<String, Double> expected(double bias, double norm) {
    return new TreeMap<>(
        Map.of(
            "fc.lora_A.default.weight", 0.9,
            "fc.lora_B.default.weight", 0.9,
            "head.weight", 0.9,
            "head.bias", bias,
            "scale.weight", norm,
            "scale.bias", bias,
            "rms.weight", norm,
            "input_norm.weight", norm));
  }

  @Test
  void theTrainerExemptsBiasesAndNorms() {
    AdaptedModel<Net> model = model();
    assertThat(trained(model, p -> adam().build(p))).isEqualTo(expected(1, 1));
    for (NamedParameter p : model.namedParameters()) {
      if (p.parameter().trainable() && p.name().endsWith("bias")) {
        assertThat(p.parameter().own().floatAt(0)).isBetween(0.999f, 1.001f);
      }
    }
  }

  @Test
  void aloneAllDecayAsInTorch() {
    AdaptedModel<Net> model = model();
    step(model, adam().build(model.trainableParameters()));
    assertThat(after(model)).isEqualTo(expected(0.9, 0.9));
  }

  private static void step(AdaptedModel<Net> model, AdamW optimizer) {
    model.model().forward(x()).square().mean().backward();
    optimizer.step();
  }

  @Test
  void whatTheBuilderWasToldHolds() {
    assertThat(trained(model(), p -> adam().decayAll().build(p))).isEqualTo(expected(0.9, 0.9));
    assertThat(trained(model(), p -> adam().withoutDecay(q -> q.name().endsWith("bias")).build(p)))
        .isEqualTo(expected(1, 0.9));
    AdaptedModel<Net> alone = model();
    step(
        alone,
        adam().withoutDecay(q -> q.name().endsWith("bias")).build(alone.trainableParameters()));
    assertThat(after(alone)).isEqualTo(expected(1, 0.9));
  }

  @Test
  void afterTheTrainerTheOptimizerIsAsItWas() {
    AdaptedModel<Net> model = model();
    AdamW optimizer = adam().build(model.trainableParameters());
    Trainer.of(
            model,
            optimizer,
            Batches.of(List.of(x())),
            x -> model.model().forward(x).square().mean())
        .settings(TrainingSettings.steps(1))
        .run();
    step(model, optimizer);
    assertThat(after(model).get("head.bias")).isEqualTo(0.9);
    assertThat(optimizer.toString()).endsWith("decay 100.0)");
    assertThat(adam().decayAll().build(model.trainableParameters()).toString())
        .endsWith("decay 100.0 of all)");
  }
}
