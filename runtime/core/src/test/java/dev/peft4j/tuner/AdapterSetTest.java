package dev.peft4j.tuner;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.peft4j.annotation.Bias;
import dev.peft4j.data.NonFiniteException;
import dev.peft4j.data.Rng;
import dev.peft4j.nn.NamedParameter;
import dev.peft4j.nn.Parameter;
import dev.peft4j.optim.AdamW;
import dev.peft4j.tensor.Tensor;
import dev.peft4j.tuner.lora.LoraConfig;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.Test;

/** Several named adapters on one model. */
class AdapterSetTest {
  private static final Tensor X = Nets.input(2, 3, 16);

  private final Nets.Mlp base = Nets.mlp(1);
  private final float[] plain = base.forward(X).toFloats();
  private final AdaptedModel<Nets.Mlp> model =
      Rng.with(2, () -> PeftModel.of(base, config("fc1").build(), "first"));
  private final AdapterSet adapters = model.adapters();

  AdapterSetTest() {
    Rng.with(
        3,
        () -> {
          adapters.addMatching("second", config("fc1", "fc2").modulesToSave("head").build());
          return null;
        });
    for (NamedParameter p : model.namedParameters()) {
      if (p.name().contains("first") || p.name().contains("second")) {
        float[] v =
            new Rng(p.name().hashCode()).normal((int) p.parameter().shape().elements(), 0, 0.1f);
        p.parameter().set(v);
      }
    }
  }

  private static LoraConfig.Builder config(String... targets) {
    return LoraConfig.builder().r(2).targets(targets);
  }

  private float[] output() {
    return base.forward(X).toFloats();
  }

  @Test
  void theFirstOneIsActive() {
    assertThat(adapters.names()).containsExactly("first", "second");
    assertThat(adapters.active()).containsExactly("first");
    assertThat(output()).isEqualTo(model.withAdapter("first", this::output)).isNotEqualTo(plain);
  }

  @Test
  void namesAreGroupedAsPeftGroupsThem() {
    assertThat(model.namedParameters().stream().map(NamedParameter::name))
        .containsSubsequence(
            "base_model.model.fc1.base_layer.bias",
            "base_model.model.fc1.lora_A.first.weight",
            "base_model.model.fc1.lora_A.second.weight",
            "base_model.model.fc1.lora_B.first.weight",
            "base_model.model.fc1.lora_B.second.weight",
            "base_model.model.fc2.base_layer.weight",
            "base_model.model.fc2.lora_A.second.weight",
            "base_model.model.head.original_module.weight",
            "base_model.model.head.modules_to_save.second.weight");
  }

  @Test
  void onlyTheActiveOneIsTrained() {
    Map<String, float[]> before = Nets.values(model.namedParameters(), n -> true);
    assertThat(model.trainableParameters()).hasSize(2);
    train();
    adapters.activate("second");
    assertThat(model.trainableParameters()).hasSize(6);
    Map<String, float[]> between = Nets.values(model.namedParameters(), n -> true);
    between.forEach(
        (name, v) -> {
          if (name.contains(".first")) {
            assertThat(v).as(name).isNotEqualTo(before.get(name));
          } else {
            assertThat(v).as(name).isEqualTo(before.get(name));
          }
        });
    train();
    Nets.values(model.namedParameters(), n -> true)
        .forEach(
            (name, v) -> {
              if (name.contains(".second")) {
                assertThat(v).as(name).isNotEqualTo(between.get(name));
              } else {
                assertThat(v).as(name).isEqualTo(between.get(name));
              }
            });
  }

  private void train() {
    AdamW optimizer = AdamW.of(model.trainableParameters(), 1e-2f);
    for (int i = 0; i < 2; i++) {
      base.forward(X).square().mean().backward();
      optimizer.step();
    }
  }

  @Test
  void theChoiceForACallEndsWithIt() {
    float[] first = output();
    float[] second = model.withAdapter("second", this::output);
    assertThat(second).isNotEqualTo(first).isNotEqualTo(plain);
    assertThat(output()).isEqualTo(first);
    assertThat(model.withoutAdapter(this::output)).isEqualTo(plain);
    float[] nested =
        model.withAdapter(
            "second",
            () -> {
              assertThat(adapters.active()).containsExactly("second");
              assertThat(model.withoutAdapter(this::output)).isEqualTo(plain);
              return output();
            });
    assertThat(nested).isEqualTo(second);
    assertThatThrownBy(
            () ->
                model.withAdapter(
                    "second",
                    () -> {
                      throw new IllegalStateException("inside");
                    }))
        .hasMessage("inside");
    assertThat(adapters.active()).containsExactly("first");
  }

  @Test
  void severalAddUp() {
    float[] both = adapters.with(List.of("first", "second"), () -> base.fc1.forward(X)).toFloats();
    Tensor none = model.withoutAdapter(() -> base.fc1.forward(X));
    Tensor first = model.withAdapter("first", () -> base.fc1.forward(X)).sub(none);
    Tensor second = model.withAdapter("second", () -> base.fc1.forward(X)).sub(none);
    assertThat(Nets.largestDifference(both, none.add(first).add(second).toFloats()))
        .isLessThan(1e-6f);
  }

  @Test
  void threadsShareAModelEachWithItsAdapter() throws Exception {
    Map<String, float[]> expected =
        Map.of(
            "first", model.withAdapter("first", this::output),
            "second", model.withAdapter("second", this::output),
            "", plain);
    try (ExecutorService pool = Executors.newFixedThreadPool(6)) {
      List<Future<?>> running = new ArrayList<>();
      for (int t = 0; t < 6; t++) {
        String name = List.of("first", "second", "").get(t % 3);
        running.add(
            pool.submit(
                () -> {
                  for (int i = 0; i < 50; i++) {
                    List<String> chosen = name.isEmpty() ? List.of() : List.of(name);
                    assertThat(adapters.with(chosen, this::output))
                        .as("'%s' at call %d", name, i)
                        .isEqualTo(expected.get(name));
                  }
                }));
      }
      for (Future<?> f : running) {
        f.get();
      }
    }
  }

  @Test
  void unknownNamesAreErrors() {
    assertThatThrownBy(() -> model.withAdapter("third", this::output))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage("no adapter named 'third'; there are [first, second]");
    assertThatThrownBy(() -> adapters.activate("first", "third")).hasMessageContaining("'third'");
    assertThat(adapters.active()).containsExactly("first");
    assertThatThrownBy(() -> adapters.merge("third")).hasMessageContaining("'third'");
    assertThatThrownBy(() -> adapters.config("third")).hasMessageContaining("'third'");
  }

  @Test
  void namesAreTakenOnceAndMustBeFolders() {
    assertThatThrownBy(() -> adapters.addMatching("first", config("fc2").build()))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage("there is an adapter named 'first' already");
    for (String bad : List.of("", "a/b", "..", "a\nb")) {
      assertThatThrownBy(() -> adapters.addMatching(bad, config("fc2").build()))
          .isInstanceOf(IllegalArgumentException.class);
    }
    assertThat(adapters.names()).containsExactly("first", "second");
  }

  @Test
  void oneThatCannotBeAttachedLeavesTheOthersAsTheyAre() {
    float[] first = output();
    assertThatThrownBy(() -> adapters.addMatching("third", config("fc1", "fc3").build()))
        .hasMessageContaining("[fc3] not found");
    assertThat(adapters.names()).containsExactly("first", "second");
    assertThat(output()).isEqualTo(first);
    assertThat(base.trainableParameters()).isEmpty();
  }

  @Test
  void atMostOneTrainsBiases() {
    adapters.addMatching("third", config("fc1").bias(Bias.LORA_ONLY).build());
    assertThatThrownBy(() -> adapters.addMatching("fourth", config("fc1").bias(Bias.ALL).build()))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining(
            "adapter 'fourth' with bias all: adapter 'third' trains biases already");
    assertThat(adapters.names()).doesNotContain("fourth");
  }

  @Test
  void anAdapterWithAnotherOnesNameInItsPathLosesNothing() {
    // a name that is also a segment of a path confuses peft
    Nets.Mlp other = Nets.mlp(1);
    PeftModel m = PeftModel.of(other, config("fc1").build(), "fc1");
    assertThat(m.namedParameters().stream().map(NamedParameter::name))
        .contains("base_model.model.fc1.lora_A.fc1.weight");
  }

  // ---- merging

  @Test
  void mergedInAnyOrderAndUnmergedInAnyOrderTheBaseIsWhatItWas() {
    List<Parameter> weights = base.parameters();
    List<float[]> before = weights.stream().map(p -> p.own().toFloats()).toList();
    float[] both = adapters.with(List.of("first", "second"), this::output);
    for (List<String> order : List.of(List.of("first", "second"), List.of("second", "first"))) {
      adapters.merge("first");
      adapters.merge("second");
      assertThat(Nets.largestDifference(output(), both)).isLessThan(1e-5f);
      assertThat(model.withoutAdapter(this::output)).isEqualTo(plain);
      adapters.unmerge(order.getFirst());
      assertThat(adapters.isMerged(order.getFirst())).isFalse();
      assertThat(adapters.isMerged(order.getLast())).isTrue();
      float[] alone = output();
      adapters.unmerge(order.getLast());
      assertThat(Nets.largestDifference(alone, model.withAdapter(order.getLast(), this::output)))
          .isLessThan(1e-5f);
      for (int i = 0; i < weights.size(); i++) {
        assertThat(weights.get(i).own().toFloats()).isEqualTo(before.get(i));
      }
    }
  }

  @Test
  void mergingOneTakesItsOwnWeightsWhateverIsActive() {
    adapters.activate("second");
    adapters.merge("first");
    float[] merged = output();
    adapters.unmerge("first");
    assertThat(Nets.largestDifference(merged, model.withAdapter("first", this::output)))
        .isLessThan(1e-5f);
  }

  @Test
  void mergingTwiceAndUnmergingWhatIsNotMergedAreErrors() {
    assertThatThrownBy(() -> adapters.unmerge("first"))
        .isInstanceOf(IllegalStateException.class)
        .hasMessageContaining("'first' is not merged");
    adapters.merge("second");
    assertThatThrownBy(() -> adapters.unmerge("first")).hasMessageContaining("is not merged");
    assertThat(adapters.isMerged("second")).isTrue();
    assertThatThrownBy(() -> adapters.merge("second"))
        .isInstanceOf(IllegalStateException.class)
        .hasMessageContaining("'second' is merged already");
  }

  @Test
  void mergingWhatIsNoNumberChangesNothing() {
    Parameter b =
        model.namedParameters().stream()
            .filter(p -> p.name().endsWith("fc1.lora_B.first.weight"))
            .findFirst()
            .orElseThrow()
            .parameter();
    float[] v = b.toFloats();
    v[5] = Float.NaN;
    b.set(v);
    float[] before = base.fc1.weight().own().toFloats();
    assertThatThrownBy(() -> adapters.merge("first"))
        .isInstanceOf(NonFiniteException.class)
        .hasMessageContaining("would put NaN into 'fc1.weight'; nothing was changed");
    assertThat(base.fc1.weight().own().toFloats()).isEqualTo(before);
    assertThat(adapters.isMerged("first")).isFalse();
  }

  @Test
  void withoutAdaptersTheModelIsTheBaseAgain() {
    adapters.unload();
    assertThat(output()).isEqualTo(plain);
    assertThat(adapters.names()).isEmpty();
    assertThat(model.namedParameters().stream().map(NamedParameter::name))
        .containsExactlyElementsOf(
            base.namedParameters().stream().map(NamedParameter::name).toList());
  }
}
