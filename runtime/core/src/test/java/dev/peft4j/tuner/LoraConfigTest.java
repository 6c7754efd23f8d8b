package dev.peft4j.tuner;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.peft4j.annotation.Bias;
import dev.peft4j.annotation.Init;
import dev.peft4j.tuner.lora.LoraConfig;
import java.util.function.UnaryOperator;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

class LoraConfigTest {
  private static LoraConfig.Builder builder() {
    return LoraConfig.builder().targets("fc1", "fc2");
  }

  @Test
  void defaultsArePefts() {
    LoraConfig c = builder().build();
    assertThat(c.r()).isEqualTo(8);
    assertThat(c.alpha()).isEqualTo(8);
    assertThat(c.dropout()).isZero();
    assertThat(c.bias()).isEqualTo(Bias.NONE);
    assertThat(c.rslora()).isFalse();
    assertThat(c.init()).isEqualTo(Init.DEFAULT);
    assertThat(c.taskType()).isNull();
    assertThat(c.baseModel()).isNull();
    assertThat(c.peftType()).isEqualTo("LORA");
    assertThat(c.allModulesToSave()).isEmpty();
  }

  /** A setting that is wrong, and what the message has to say. */
  static Stream<Arguments> wrong() {
    return Stream.of(
        wrong(b -> b.r(0), "r should be a positive integer value but the value passed is 0"),
        wrong(b -> b.r(-3), "the value passed is -3"),
        wrong(b -> b.alpha(0), "alpha is 0.0, must be positive and finite"),
        wrong(b -> b.alpha(-1), "alpha is -1.0"),
        wrong(b -> b.alpha(Double.NaN), "alpha is NaN"),
        wrong(b -> b.alpha(Double.POSITIVE_INFINITY), "alpha is Infinity"),
        wrong(b -> b.dropout(1), "dropout is 1.0, must be at least 0 and less than 1"),
        wrong(b -> b.dropout(-0.1), "dropout is -0.1"),
        wrong(b -> b.dropout(Double.NaN), "dropout is NaN"),
        wrong(b -> b.rankPattern("fc1", 0), "rank pattern 'fc1'"),
        wrong(b -> b.alphaPattern("fc2", -2), "alpha pattern 'fc2' is -2.0"),
        wrong(b -> b.taskType("CLASSIFY"), "task type is 'CLASSIFY', must be one of"),
        wrong(b -> b.targetRegex("fc."), "more than one way"),
        wrong(b -> b.allLinear(), "more than one way"),
        wrong(b -> b.exclude("fc1").excludeRegex("fc."), "exclude"),
        wrong(b -> b.layersPattern("layers"), "layers"),
        wrong(b -> b.targets(""), "empty"));
  }

  private static Arguments wrong(UnaryOperator<LoraConfig.Builder> change, String message) {
    return Arguments.of(change, message);
  }

  @ParameterizedTest(name = "{1}")
  @MethodSource("wrong")
  void wrongSettingsAreErrors(UnaryOperator<LoraConfig.Builder> change, String message) {
    assertThatThrownBy(() -> change.apply(builder()).build())
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining(message);
  }

  @Test
  void badRegularExpressionsAreErrors() {
    for (LoraConfig c :
        new LoraConfig[] {
          LoraConfig.builder().targetRegex("fc[").build(),
          LoraConfig.builder().targets("fc1").excludeRegex("(").build()
        }) {
      Nets.Mlp base = Nets.mlp(1);
      assertThatThrownBy(() -> PeftModel.of(base, c)).isInstanceOf(IllegalArgumentException.class);
      assertThat(base.trainableParameters()).hasSize(7);
    }
  }

  @Test
  void theScaleIsAlphaOverRank() {
    assertThat(builder().r(4).alpha(6).build().scaleOf("fc1")).isEqualTo(1.5);
    assertThat(builder().r(4).alpha(6).rslora(true).build().scaleOf("fc1")).isEqualTo(3);
    assertThat(builder().r(8).alpha(16).rslora(true).build().scaleOf("fc1"))
        .isCloseTo(16 / Math.sqrt(8), within(1e-12));
  }

  @Test
  void patternsGiveLayersTheirOwnRankAndAlpha() {
    LoraConfig c =
        builder()
            .r(2)
            .alpha(4)
            .rankPattern("fc2", 5)
            .rankPattern("blocks\\.\\d+\\.q", 3)
            .rankPattern("^q", 7)
            .alphaPattern("fc1", 7)
            .build();
    assertThat(c.rankOf("fc1")).isEqualTo(2);
    assertThat(c.rankOf("fc2")).isEqualTo(5);
    assertThat(c.rankOf("deep.fc2")).isEqualTo(5);
    assertThat(c.rankOf("xfc2")).isEqualTo(2);
    assertThat(c.rankOf("m.blocks.12.q")).isEqualTo(3);
    assertThat(c.rankOf("q")).isEqualTo(7);
    assertThat(c.rankOf("m.q")).isEqualTo(2); // as in peft, ^ is only true at the root
    assertThat(c.scaleOf("fc1")).isEqualTo(3.5);
    assertThat(c.scaleOf("fc2")).isEqualTo(0.8); // alpha is not rescaled
  }

  @Test
  void classificationSavesItsHead() {
    assertThat(builder().taskType("SEQ_CLS").build().allModulesToSave())
        .containsExactly("classifier", "score");
    assertThat(builder().taskType("TOKEN_CLS").modulesToSave("pooler").build().allModulesToSave())
        .containsExactly("pooler", "classifier", "score");
    assertThat(builder().taskType("CAUSAL_LM").build().allModulesToSave()).isEmpty();
  }

  @Test
  void settingsDoNotChangeAfterwards() {
    LoraConfig.Builder b = builder().rankPattern("a", 1);
    LoraConfig c = b.build();
    b.rankPattern("b", 2);
    assertThat(c.rankPattern()).containsOnlyKeys("a");
    assertThatThrownBy(() -> c.rankPattern().put("x", 1))
        .isInstanceOf(UnsupportedOperationException.class);
  }
}
