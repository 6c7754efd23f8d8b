package dev.peft4j.tuner;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.peft4j.annotation.Bias;
import dev.peft4j.backend.Backends;
import dev.peft4j.backend.Profile;
import dev.peft4j.data.NonFiniteException;
import dev.peft4j.graph.Op;
import dev.peft4j.nn.NamedParameter;
import dev.peft4j.nn.Parameter;
import dev.peft4j.op.LinearOp;
import dev.peft4j.op.SampleLinear;
import dev.peft4j.optim.Sgd;
import dev.peft4j.tensor.Tensor;
import dev.peft4j.tuner.lora.LoraConfig;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class AdapterLifeTest {
  private final Net net = Net.seeded(1);
  private final Tensor x = Net.input(2, 4);
  private final float[] base = net.forward(x).toFloats();
  private AdaptedModel<Net> model;

  @BeforeEach
  void threeAdapters() {
    net.eval();
    model = Net.seed(3, () -> PeftModel.of(net, Net.lora()));
    Net.seed(
        4,
        () -> {
          model.adapters().addMatching("b", Net.lora("q_proj"));
          model
              .adapters()
              .addMatching(
                  "c",
                  LoraConfig.builder().r(1).targets("out_proj").modulesToSave("score").build());
          return true;
        });
    Net.shake(model, "c", 5);
  }

  private float[] run() {
    return net.forward(x).toFloats();
  }

  private float[] run(String... names) {
    return model.adapters().with(List.of(names), this::run);
  }

  @Test
  void theFirstIsActiveAndOthersAreNot() {
    assertThat(model.adapters().names()).containsExactly("default", "b", "c");
    assertThat(model.adapters().active()).containsExactly("default");
    assertThat(run()).isEqualTo(run("default")).isNotEqualTo(base);
    assertThat(run("b")).isNotEqualTo(run("default"));
    assertThat(model.trainableParameters()).hasSize(8);
    assertThat(
            model.namedParameters().stream()
                .filter(p -> p.parameter().trainable())
                .map(NamedParameter::name))
        .allMatch(n -> n.contains(".default."));
  }

  @Test
  void severalAddUp() {
    // q_proj and out_proj are different layers, so their changes are seen one at a time in the
    // first block
    Tensor in = Net.input(7, 2);
    Net.Block block = net.layers.getFirst();
    float[] plain = model.withoutAdapter(() -> block.qProj.forward(in).toFloats());
    float[] one = model.withAdapter("default", () -> block.qProj.forward(in).toFloats());
    float[] two = model.withAdapter("b", () -> block.qProj.forward(in).toFloats());
    float[] both =
        model.adapters().with(List.of("default", "b"), () -> block.qProj.forward(in).toFloats());
    for (int i = 0; i < plain.length; i++) {
      assertThat(both[i] - plain[i])
          .isCloseTo(one[i] - plain[i] + two[i] - plain[i], within(1e-5f));
    }
  }

  @Test
  void disablingIsTheBaseBitByBit() {
    assertThat(model.<float[]>withoutAdapter(this::run)).isEqualTo(base);
    assertThat(model.withoutAdapter(() -> model.adapters().active())).isEmpty();
  }

  @Test
  void aThreadChoosesForItself() throws InterruptedException {
    float[] b = run("b");
    float[][] other = new float[1][];
    model.withAdapter(
        "b",
        () -> {
          Thread t = new Thread(() -> other[0] = run());
          t.start();
          try {
            t.join();
          } catch (InterruptedException e) {
            throw new IllegalStateException(e);
          }
          assertThat(run()).isEqualTo(b);
          return true;
        });
    assertThat(other[0]).isEqualTo(run("default"));
  }

  @Test
  void scopesNest() {
    model.withAdapter(
        "b",
        () -> {
          assertThat(run()).isEqualTo(run("b"));
          assertThat(model.<float[]>withoutAdapter(this::run)).isEqualTo(base);
          assertThat(model.adapters().active()).containsExactly("b");
          return true;
        });
  }

  @Test
  void activateMakesTrainable() {
    model.adapters().activate("b");
    assertThat(run()).isEqualTo(run("b"));
    assertThat(model.trainableParameters()).hasSize(4);
    model.adapters().activate(List.of("default", "b"), true);
    assertThat(model.trainableParameters()).hasSize(12);
    model.adapters().activate(List.of("b"), false);
    assertThat(model.trainableParameters()).isEmpty();
  }

  @Test
  void freezingOneAdapter() {
    model.adapters().freeze("default");
    assertThat(model.trainableParameters()).isEmpty();
    model.adapters().unfreeze("c");
    assertThat(model.trainableParameters()).hasSize(6);
    assertThat(model.adapters().active()).containsExactly("default");
  }

  @Test
  void onlyTheActiveOneIsTrained() {
    Map<String, float[]> before = values();
    Sgd optimizer = Sgd.of(model.trainableParameters(), 0.1f);
    net.forward(x).square().mean().backward();
    optimizer.step();
    values()
        .forEach(
            (name, v) -> {
              if (name.contains(".default.")) {
                assertThat(v).as(name).isNotEqualTo(before.get(name));
              } else {
                assertThat(v).as(name).isEqualTo(before.get(name));
              }
            });
  }

  private Map<String, float[]> values() {
    Map<String, float[]> all = new TreeMap<>();
    model.namedParameters().forEach(p -> all.put(p.name(), p.parameter().own().toFloats()));
    return all;
  }

  @Test
  void aDeletedAdapterIsGone() {
    model.adapters().delete("b");
    assertThat(model.adapters().names()).containsExactly("default", "c");
    assertThatThrownBy(() -> run("b"))
        .hasMessageContaining("no adapter named 'b'")
        .hasMessageContaining("[default, c]");
    model.adapters().addMatching("b", Net.lora("q_proj"));
    assertThat(run("b")).isNotEqualTo(base);
  }

  @Test
  void deletingTheActiveOneActivatesTheNextByName() {
    model.adapters().delete("default");
    assertThat(model.adapters().active()).containsExactly("b");
    assertThat(model.trainableParameters()).hasSize(4);
    model.adapters().activate("b", "c");
    model.adapters().delete("b");
    assertThat(model.adapters().active()).containsExactly("c");
    model.adapters().delete("c");
    assertThat(model.adapters().active()).isEmpty();
    assertThat(run()).isEqualTo(base);
  }

  @Test
  void deletingIsRefusedWhileMerged() {
    model.merge();
    assertThatThrownBy(() -> model.adapters().delete("default"))
        .isInstanceOf(IllegalStateException.class)
        .hasMessageContaining("'default' is merged; unmerge()");
    model.adapters().delete("b");
  }

  @Test
  void aRenamedAdapterComputesTheSame() {
    float[] b = run("b");
    model.adapters().rename("b", "better");
    assertThat(model.adapters().names()).containsExactly("default", "better", "c");
    assertThat(run("better")).isEqualTo(b);
    assertThat(model.namedParameters())
        .anyMatch(p -> p.name().equals("base_model.model.layers.0.q_proj.lora_A.better.weight"));
    assertThat(model.adapters().adapter("better").ownParameters())
        .allMatch(p -> p.name().contains(".better."));
    model.adapters().rename("c", "d");
    assertThat(model.namedParameters())
        .anyMatch(p -> p.name().equals("base_model.model.score.modules_to_save.d.weight"));
    assertThatThrownBy(() -> model.adapters().rename("d", "default"))
        .hasMessageContaining("named 'default' already");
  }

  @Test
  void namesThatCannotBe() {
    assertThatThrownBy(() -> model.adapters().addMatching("b", Net.lora()))
        .hasMessageContaining("named 'b' already");
    assertThatThrownBy(() -> model.adapters().addMatching("__base__", Net.lora()))
        .hasMessageContaining("__base__");
    assertThatThrownBy(() -> model.adapters().addMatching("a/b", Net.lora()))
        .hasMessageContaining("folder");
    assertThatThrownBy(() -> model.adapters().rename("b", "x/y")).hasMessageContaining("folder");
    assertThat(model.adapters().names()).containsExactly("default", "b", "c");
  }

  @Test
  void aFailedAdditionLeavesNothing() {
    List<String> names = model.namedParameters().stream().map(NamedParameter::name).toList();
    assertThatThrownBy(() -> model.adapters().addMatching("d", Net.lora("q_proj", "k_proj")))
        .hasMessageContaining("k_proj");
    assertThat(model.namedParameters().stream().map(NamedParameter::name)).isEqualTo(names);
  }

  @Test
  void onlyOneAdapterTrainsBiases() {
    LoraConfig all = LoraConfig.builder().r(1).targets("q_proj").bias(Bias.ALL).build();
    model.adapters().addMatching("biased", all);
    assertThatThrownBy(() -> model.adapters().addMatching("again", all))
        .hasMessageContaining("'biased' trains biases already");
  }

  @Test
  void twoCopiesOfOneModuleCannotActTogether() {
    model
        .adapters()
        .addMatching(
            "d", LoraConfig.builder().r(1).targets("out_proj").modulesToSave("score").build());
    Net.shake(model, "d", 6);
    assertThatThrownBy(() -> run("c", "d"))
        .hasMessageContaining("'c' and 'd' cannot act at the same time")
        .hasMessageContaining("score.");
    assertThatThrownBy(() -> model.adapters().activate("c", "d")).hasMessageContaining("score.");
    assertThat(model.adapters().active()).containsExactly("default");
    assertThatThrownBy(() -> run("b", "b")).hasMessageContaining("named twice");
    assertThat(run("b", "d")).isNotEqualTo(run("b"));
  }

  // ---- merging

  @Test
  void mergedComputesTheSameAndUnmergedTheSameBits() {
    float[] before = run();
    model.merge();
    assertThat(run()).usingComparatorWithPrecision(1e-5f).containsExactly(before);
    assertThat(model.adapters().isMerged("default")).isTrue();
    assertThat(net.layers.getFirst().qProj.weight().toFloats())
        .isNotEqualTo(net.layers.getFirst().qProj.weight().own().toFloats());
    model.unmerge();
    assertThat(run()).isEqualTo(before);
    assertThat(model.<float[]>withoutAdapter(this::run)).isEqualTo(base);
  }

  @Test
  void severalMergedInOrderAndTakenBackInAnyOrder() {
    float[] both = run("default", "c");
    float[] all = run("default", "b", "c");
    Map<String, float[]> before = values();
    model.adapters().merge("default", "c");
    assertThat(run()).usingComparatorWithPrecision(1e-5f).containsExactly(both);
    model.adapters().merge("b");
    assertThat(model.adapters().merged()).containsExactly("default", "c", "b");
    assertThat(run()).usingComparatorWithPrecision(1e-5f).containsExactly(all);
    model.adapters().unmerge("c");
    assertThat(run()).usingComparatorWithPrecision(1e-5f).containsExactly(run("default", "b"));
    model.adapters().unmerge("default");
    float[] onlyB = run();
    model.unmerge();
    model.adapters().merge("b");
    assertThat(run()).isEqualTo(onlyB);
    model.unmerge();
    values().forEach((name, v) -> assertThat(v).as(name).isEqualTo(before.get(name)));
    assertThatThrownBy(() -> model.adapters().unmerge("b")).hasMessageContaining("not merged");
  }

  @Test
  void whatIsMergedDoesNotDisturbOtherChoices() {
    float[] b = run("b");
    float[] c = run("c");
    model.merge();
    assertThat(run("b")).isEqualTo(b);
    assertThat(run("c")).isEqualTo(c);
    assertThat(model.<float[]>withoutAdapter(this::run)).isEqualTo(base);
  }

  @Test
  void aMergedAdapterThatWasNotActiveActsAsInPeft() {
    float[] b = run("b");
    model.adapters().merge("b");
    assertThat(run()).usingComparatorWithPrecision(1e-5f).containsExactly(b);
    model.adapters().activate("c");
    assertThat(model.adapters().merged()).isEmpty();
    assertThat(run()).isEqualTo(run("c"));
  }

  @Test
  void aMergeThatWouldBreakTheWeightsChangesNothing() {
    Parameter a =
        model.adapters().adapter("b").layer("layers.1.q_proj").parameters().getFirst().parameter();
    float[] values = a.own().toFloats();
    values[0] = Float.NaN;
    a.set(values);
    float[] before = run("default");
    assertThatThrownBy(() -> model.adapters().merge("default", "b"))
        .isInstanceOf(NonFiniteException.class)
        .hasMessageContaining("'b'")
        .hasMessageContaining("layers.1.q_proj.weight")
        .hasMessageContaining("NaN");
    assertThatThrownBy(() -> model.adapters().mergeAndUnload("b"))
        .isInstanceOf(NonFiniteException.class);
    assertThat(model.adapters().merged()).isEmpty();
    assertThat(run("default")).isEqualTo(before);
    assertThat(model.<float[]>withoutAdapter(this::run)).isEqualTo(base);
  }

  @Test
  void mergeAndUnloadGivesAnOrdinaryModel() {
    float[] c = run("c");
    List<String> names = net.stateDict().keySet().stream().toList();
    model.adapters().mergeAndUnload("c");
    assertThat(run()).usingComparatorWithPrecision(1e-5f).containsExactly(c);
    assertThat(model.adapters().names()).isEmpty();
    assertThat(net.stateDict().keySet()).containsExactlyElementsOf(names);
    assertThat(net.layers.getFirst().qProj.slot().sources()).isEmpty();
    AdaptedModel<Net> again = PeftModel.of(net, Net.lora());
    assertThat(again.adapters().names()).containsExactly("default");
  }

  @Test
  void mergeAndUnloadTakesTheActiveOnesAfterTheMergedOnes() {
    float[] both = run("b", "default");
    model.adapters().merge("b");
    model.mergeAndUnload();
    assertThat(run()).usingComparatorWithPrecision(1e-5f).containsExactly(both);
  }

  @Test
  void unloadGivesTheBaseBack() {
    model.adapters().unload();
    assertThat(run()).isEqualTo(base);
    model.adapters().addMatching("new", Net.lora());
    assertThat(run()).isNotEqualTo(base);
  }

  // ---- one adapter a sample

  @Test
  void eachSampleHasItsAdapter() {
    List<String> names = List.of("c", "__base__", "default", "b");
    float[] mixed = model.adapters().perSample(names, this::run);
    for (int i = 0; i < names.size(); i++) {
      float[] alone = names.get(i).equals("__base__") ? base : run(names.get(i));
      for (int k = 0; k < Net.OUT; k++) {
        assertThat(mixed[i * Net.OUT + k])
            .as(names.get(i))
            .isCloseTo(alone[i * Net.OUT + k], within(1e-5f));
      }
    }
    assertThat(model.adapters().<List<String>>perSample(names, () -> model.adapters().active()))
        .containsExactly("default", "b", "c");
  }

  @Test
  void anAdapterIsComputedForItsOwnSamplesAndTheLayerOnceForAll() {
    Profile profile = new Profile();
    List<String> names = List.of("default", "__base__", "default", "__base__");
    profile.measure(
        () ->
            Backends.with(
                Backends.named("cpu"), () -> model.adapters().perSample(names, this::run)));
    Profile plain = new Profile();
    plain.measure(
        () ->
            Backends.with(
                Backends.named("cpu"), () -> model.adapters().with(List.of(), this::run)));
    assertThat(calls(profile, LinearOp.class)).isEqualTo(calls(plain, LinearOp.class));
    assertThat(calls(profile, SampleLinear.class)).isPositive().isEven(); // A and B of each layer
  }

  private static long calls(Profile profile, Class<? extends Op> op) {
    return profile.entries().stream()
        .filter(e -> op.isInstance(e.op()))
        .mapToLong(Profile.Entry::calls)
        .sum();
  }

  @Test
  void aBrokenAdapterDoesNotSpoilOtherSamples() {
    for (Parameter p : model.adapters().adapter("b").ownParameters()) {
      p.set(Tensor.full(Float.NaN, p.shape().toArray()).toFloats());
    }
    float[] mixed = model.adapters().perSample(List.of("b", "default", "b", "__base__"), this::run);
    float[] alone = run("default");
    assertThat(mixed[0]).isNaN();
    assertThat(mixed[Net.OUT]).isCloseTo(alone[Net.OUT], within(1e-5f));
    assertThat(mixed[3 * Net.OUT]).isCloseTo(base[3 * Net.OUT], within(1e-5f));
  }

  @Test
  void perSampleRefusesWhatCannotBe() {
    assertThatThrownBy(() -> model.adapters().perSample(List.of("b", "nope", "b", "b"), this::run))
        .hasMessageContaining("'nope'")
        .hasMessageContaining("[default, b, c]")
        .hasMessageContaining("__base__");
    assertThatThrownBy(() -> model.adapters().perSample(List.of("b", "b"), this::run))
        .hasMessageContaining("2 samples")
        .hasMessageContaining("(4, 8)");
    net.train();
    assertThatThrownBy(() -> model.adapters().perSample(List.of("b", "b", "b", "b"), this::run))
        .hasMessageContaining("eval()");
  }

  @Test
  void perSampleProgramsDependOnTheAdaptersNotOnTheSamples() {
    Counting counting = new Counting();
    model.adapters().addMatching("b2", Net.lora("q_proj"));
    counting.run(
        () -> {
          for (List<String> names :
              List.of(
                  List.of("b", "default", "__base__", "b"),
                  List.of("default", "default", "b", "b"),
                  List.of("b2", "__base__", "default", "__base__"),
                  List.of("b", "b2", "b2", "default"))) {
            model.adapters().perSample(names, this::run);
          }
          return true;
        });
    assertThat(counting.compiled()).isEqualTo(2); // two adapters at a time, and three
  }
}
