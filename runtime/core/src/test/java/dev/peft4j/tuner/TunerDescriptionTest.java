package dev.peft4j.tuner;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.peft4j.annotation.TunerDescriptor;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** What every tuner's annotation says agrees with the tuner. */
class TunerDescriptionTest {
  static List<TunerDescription> all() {
    return TunerDescription.all();
  }

  @Test
  void thereAreSome() {
    assertThat(all()).extracting(TunerDescription::title).contains("LoRA", "IA3");
  }

  @ParameterizedTest
  @MethodSource("all")
  void theAnnotationIsTheTuners(TunerDescription tuner) {
    Class<?> annotation = tuner.tuner().annotation();
    TunerDescriptor d = annotation.getAnnotation(TunerDescriptor.class);
    assertThat(d.peftType()).isEqualTo(tuner.tuner().peftType());
    String config = tuner.tuner().configType().getName();
    assertThat(d.config() == void.class ? d.configName() : d.config().getName()).isEqualTo(config);
    if (d.layers().length > 0) {
      assertThat(List.<Object>of((Object[]) d.layers()))
          .isEqualTo(List.<Object>copyOf(tuner.tuner().layerTypes()));
    }
  }

  /** What is not set is the same, whichever way settings are made. */
  @ParameterizedTest
  @MethodSource("all")
  void theDefaultsAreTheBuilders(TunerDescription tuner) {
    Map<String, String> usual = required(tuner);
    for (TunerSetting s : tuner.settings()) {
      if (s.isText() && !s.array() && !s.usualText().isEmpty() && !s.setter().equals("pissa")) {
        usual.put(s.name(), s.usualText());
      }
    }
    assertThat(with(tuner, usual)).isEqualTo(with(tuner, required(tuner)));
  }

  /** Values for what has no default. */
  private static Map<String, String> required(TunerDescription tuner) {
    Map<String, String> values = new LinkedHashMap<>();
    for (TunerSetting s : tuner.settings()) {
      if (s.usual() == null) {
        values.put(s.name(), "1");
      }
    }
    return values;
  }

  private static ObjectNode with(TunerDescription tuner, Map<String, String> texts) {
    return written(
        tuner.tuner(), tuner.builder(texts, TunerSetting::name).targets("target").build());
  }

  private static <C extends PeftConfig> ObjectNode written(Tuner<C> tuner, PeftConfig config) {
    ObjectNode tree = tuner.write(tuner.configType().cast(config));
    tree.remove("ensure_weight_tying"); // open in the builder, and false in a file
    return tree;
  }

  @ParameterizedTest
  @MethodSource("all")
  void everySettingHasAKeyAndAMethod(TunerDescription tuner) {
    ObjectNode tree =
        tuner
            .tuner()
            .write(
                cast(
                    tuner.tuner(),
                    tuner.builder(required(tuner), TunerSetting::name).targets("target").build()));
    List<String> methods =
        Arrays.stream(tuner.builder().getClass().getMethods()).map(m -> m.getName()).toList();
    for (TunerSetting s : tuner.settings()) {
      assertThat(tree.has(s.key())).as("%s: %s", s.name(), s.key()).isTrue();
      assertThat(methods).contains(s.setter());
      assertThat(s.option()).matches("[a-z0-9-]+");
    }
  }

  @SuppressWarnings("unchecked")
  private static <C extends PeftConfig> C cast(Tuner<?> tuner, PeftConfig config) {
    return (C) tuner.configType().cast(config);
  }

  @Test
  void textsAreChecked() {
    TunerDescription lora =
        all().stream().filter(t -> t.title().equals("LoRA")).findFirst().orElseThrow();
    assertThatThrownBy(() -> lora.builder(Map.of("r", "1.5"), TunerSetting::name))
        .hasMessage("r is '1.5', expected a whole number");
    assertThatThrownBy(() -> lora.builder(Map.of("dropout", "1"), TunerSetting::name))
        .hasMessage("dropout is 1, must be at least 0 and less than 1");
    assertThatThrownBy(() -> lora.builder(Map.of("dora", "yes"), TunerSetting::name))
        .hasMessageStartingWith("dora is 'yes', must be one of true, false.");
    assertThat(lora.settings().get(0).name()).isEqualTo("r");
    assertThat(lora.settings())
        .filteredOn(s -> !s.isText())
        .extracting(TunerSetting::name)
        .containsExactly("trainableTokens");
  }
}
