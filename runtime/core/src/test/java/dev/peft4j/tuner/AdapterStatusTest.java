package dev.peft4j.tuner;

import static org.assertj.core.api.Assertions.assertThat;

import dev.peft4j.tuner.lora.LoraConfig;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class AdapterStatusTest {
  private final Net net = Net.seeded(1);
  private final AdaptedModel<Net> model =
      PeftModel.of(net, LoraConfig.builder().r(2).targets("q_proj").build());

  AdapterStatusTest() {
    model
        .adapters()
        .addMatching(
            "b",
            LoraConfig.builder()
                .r(1)
                .targets("layers.1.q_proj", "out_proj")
                .modulesToSave("score")
                .build());
  }

  @Test
  void layers() {
    List<LayerStatus> layers = model.adapters().layerStatus();
    assertThat(layers.stream().map(LayerStatus::name))
        .containsExactly(
            "model.layers.0.q_proj",
            "model.layers.0.out_proj",
            "model.layers.1.q_proj",
            "model.layers.1.out_proj",
            "model.score");
    LayerStatus both = layers.get(2);
    assertThat(both.moduleType()).isEqualTo("lora.Linear");
    assertThat(both.enabled()).isTrue();
    assertThat(both.activeAdapters()).containsExactly("default");
    assertThat(both.availableAdapters()).containsExactly("b", "default");
    assertThat(both.requiresGrad())
        .isEqualTo(Map.of("default", RequiresGrad.YES, "b", RequiresGrad.NO));
    assertThat(both.mergedAdapters()).isEmpty();
    assertThat(both.devices()).isEqualTo(Map.of("default", List.of("cpu"), "b", List.of("cpu")));
    assertThat(layers.get(0).availableAdapters()).containsExactly("default");
    assertThat(layers.get(4).moduleType()).isEqualTo("ModulesToSaveWrapper");
    assertThat(layers.get(4).requiresGrad()).isEqualTo(Map.of("b", RequiresGrad.NO));
  }

  @Test
  void mergedAndDisabled() {
    model.merge();
    assertThat(model.adapters().layerStatus().stream().map(LayerStatus::mergedAdapters))
        .containsExactly(List.of("default"), List.of(), List.of("default"), List.of(), List.of());
    assertThat(model.adapters().modelStatus().mergedAdapters()).containsExactly("default");
    model.unmerge();
    ModelStatus off = model.withoutAdapter(() -> model.adapters().modelStatus());
    assertThat(off.enabled()).isFalse();
    assertThat(off.activeAdapters()).containsExactly("default");
    assertThat(model.adapters().modelStatus().enabled()).isTrue();
    ModelStatus chosen = model.withAdapter("b", () -> model.adapters().modelStatus());
    assertThat(chosen.activeAdapters()).containsExactly("b");
  }

  @Test
  void theWhole() {
    ModelStatus s = model.adapters().modelStatus();
    assertThat(s.baseModelType()).isEqualTo("Net");
    assertThat(s.adapterModelType()).isEqualTo("LoraModel");
    assertThat(s.peftTypes()).isEqualTo(Map.of("default", "LORA", "b", "LORA"));
    assertThat(s.trainableParams()).isEqualTo(2 * (2 * 6 + 8 * 2));
    assertThat(s.totalParams())
        .isEqualTo(
            model.namedParameters().stream()
                .mapToLong(p -> p.parameter().shape().elements())
                .sum());
    assertThat(s.numAdapterLayers()).isEqualTo(5);
    assertThat(s.availableAdapters()).containsExactly("b", "default");
    assertThat(s.requiresGrad())
        .isEqualTo(Map.of("default", RequiresGrad.YES, "b", RequiresGrad.NO));
    model.adapters().adapter("b").ownParameters().getFirst().unfreeze();
    assertThat(model.adapters().modelStatus().requiresGrad().get("b"))
        .isEqualTo(RequiresGrad.IRREGULAR);
  }
}
