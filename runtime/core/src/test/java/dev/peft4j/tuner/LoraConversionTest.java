package dev.peft4j.tuner;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.peft4j.annotation.Bias;
import dev.peft4j.data.Rng;
import dev.peft4j.nn.Initial;
import dev.peft4j.nn.Linear;
import dev.peft4j.nn.Module;
import dev.peft4j.nn.TransposedLinear;
import dev.peft4j.tensor.Tensor;
import dev.peft4j.tuner.beft.BeftConfig;
import dev.peft4j.tuner.loha.LoHaConfig;
import dev.peft4j.tuner.lora.LoraConfig;
import dev.peft4j.tuner.lora.LoraConversion;
import dev.peft4j.tuner.miss.MissConfig;
import dev.peft4j.tuner.oft.OftConfig;
import dev.peft4j.tuner.shira.ShiraConfig;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

class LoraConversionTest {
  private @TempDir Path folder;

  static final class Two extends Module {
    final Linear first = new Linear(6, 8);
    final TransposedLinear second =
        new TransposedLinear(
            Initial.normal(Rng.current(), 0.4f, 8, 5), Initial.normal(Rng.current(), 0.4f, 5));
    final Linear head = new Linear(5, 2);

    Tensor forward(Tensor x) {
      return head.forward(second.forward(first.forward(x).tanh()));
    }
  }

  private static Two two() {
    return Rng.with(1, Two::new);
  }

  private final Tensor x = Tensor.of(new Rng(5).normal(18, 0, 1), 3, 6);

  static List<PeftConfig> additive() {
    return List.of(
        LoHaConfig.builder().r(2).alpha(4).targets("first").modulesToSave("head").build(),
        ShiraConfig.builder().r(1).targets("first").build(),
        OftConfig.builder().r(0).blockSize(2).targets("first").build(),
        LoraConfig.builder().r(3).targets("first", "second").build(),
        MissConfig.builder().r(2).targets("first").build());
  }

  @ParameterizedTest
  @MethodSource("additive")
  void ofFullRankItComputesTheSame(PeftConfig config) {
    Two base = two();
    AdaptedModel<Two> model = Rng.with(2, () -> PeftModel.of(base, config));
    Nets.disturb(model, 3);
    float[] expected = base.forward(x).toFloats();
    LoraConversion lora = LoraConversion.of(model, "default", 5);
    if (!config.targets().targets().contains("second")) {
      lora = LoraConversion.of(model, "default", 6);
    }
    assertThat(lora.kept().values()).allSatisfy(k -> assertThat(k).isCloseTo(1, within(1e-6)));
    lora.save(folder);
    Two other = two();
    AdaptedModel<Two> loaded = PeftModel.load(other, folder);
    assertThat(Nets.largestDifference(other.forward(x).toFloats(), expected)).isLessThan(2e-5f);
    assertThat(loaded.adapters().config("default")).isInstanceOf(LoraConfig.class);
    assertThat(base.forward(x).toFloats()).isEqualTo(expected); // which stays as it was
  }

  @Test
  void layersGetTheRanksThatKeepAShare() {
    Two base = two();
    AdaptedModel<Two> model =
        Rng.with(2, () -> PeftModel.of(base, LoraConfig.builder().r(3).targets("first").build()));
    Nets.disturb(model, 3);
    LoraConversion whole = LoraConversion.keeping(model, "default", 0.999999);
    assertThat(whole.config().rankPattern()).containsEntry("first", 3); // no more than LoRA had
    LoraConversion some = LoraConversion.keeping(model, "default", 0.3);
    assertThat(some.kept().get("first")).isBetween(0.3, 0.99);
    assertThat(some.tensors().get("base_model.model.first.lora_A.weight").shape().dim(0))
        .isLessThan(3);
    assertThat(LoraConversion.of(model, "default", 1).config().r()).isEqualTo(1);
  }

  @Test
  void whatLoraCannotHoldIsNamed() {
    AdaptedModel<Two> ofBias = PeftModel.of(two(), BeftConfig.builder().targets("first").build());
    assertThatThrownBy(() -> LoraConversion.of(ofBias, "default", 2))
        .hasMessageContaining("'default' (BEFT) changes more of 'first' than its weight");
    AdaptedModel<Two> biases =
        PeftModel.of(two(), LoraConfig.builder().bias(Bias.ALL).targets("first").build());
    assertThatThrownBy(() -> LoraConversion.of(biases, "default", 2))
        .hasMessageContaining("trains biases (ALL)");
    AdaptedModel<Two> small =
        PeftModel.of(two(), LoraConfig.builder().r(2).targets("first").build());
    assertThatThrownBy(() -> LoraConversion.of(small, "default", 7))
        .hasMessageContaining("the rank 7 is larger than 'first' allows");
    assertThatThrownBy(() -> LoraConversion.of(small, "default", 0))
        .hasMessageContaining("rank is 0");
    assertThatThrownBy(() -> LoraConversion.keeping(small, "default", 1.5))
        .hasMessageContaining("share is 1.5");
  }
}
