package dev.peft4j.samples.tuners;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.peft4j.annotation.BlockDiagonal;
import dev.peft4j.annotation.BlockRange;
import dev.peft4j.annotation.Corda;
import dev.peft4j.annotation.Eva;
import dev.peft4j.annotation.Init;
import dev.peft4j.annotation.Kasa;
import dev.peft4j.annotation.Loftq;
import dev.peft4j.annotation.LoraGa;
import dev.peft4j.annotation.MonteClora;
import dev.peft4j.annotation.Peft;
import dev.peft4j.annotation.Velora;
import dev.peft4j.data.Encodings;
import dev.peft4j.data.Rng;
import dev.peft4j.nn.BlockStack;
import dev.peft4j.nn.Linear;
import dev.peft4j.nn.Module;
import dev.peft4j.nn.Parameter;
import dev.peft4j.optim.AdamW;
import dev.peft4j.tensor.Tensor;
import dev.peft4j.tuner.CallInputs;
import dev.peft4j.tuner.PeftModel;
import dev.peft4j.tuner.lora.LayerRange;
import dev.peft4j.tuner.lora.LoraConfig;
import dev.peft4j.tuner.lora.LoraData;
import dev.peft4j.tuner.lora.LoraVariant;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.function.Supplier;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** The variants and starts of LoRA, asked for by an annotation. */
class AnnotatedVariantsTest {
  static class Net extends Module {
    final Linear fc1 = new Linear(8, 16);
    final Linear fc2 = new Linear(16, 4);

    Tensor forward(Tensor x) {
      return fc2.forward(fc1.forward(x).tanh());
    }
  }

  @Peft(target = "fc1", r = 2, kasa = @Kasa(beta = 0.01))
  static class KasaNet extends Net {}

  @Peft(
      target = {"fc1", "fc2"},
      r = 4,
      blockDiagonal = @BlockDiagonal(ofA = "fc1", ofB = "fc2", blocks = 2))
  static class BlockNet extends Net {}

  @Peft(target = "fc1", r = 2, velora = @Velora(groups = 4, direction = "random"))
  static class VeloraNet extends Net {}

  @Peft(target = "fc1", r = 2, monteClora = @MonteClora(samples = 3))
  static class MonteNet extends Net {}

  @Peft(
      target = "fc1",
      r = 2,
      invocationTokens = {7, 8})
  static class ActivatedNet extends Net {}

  @Peft(
      target = {"fc1", "fc2"},
      r = 2,
      alpha = 2,
      eva = @Eva(tau = 0.9))
  static class EvaNet extends Net {}

  @Peft(target = "fc1", r = 2, corda = @Corda(method = "kpm"))
  static class CordaNet extends Net {}

  @Peft(target = "fc1", r = 2, loraGa = @LoraGa(scale = "unit"))
  static class GaNet extends Net {}

  @Peft(target = "fc1", r = 2, loftq = @Loftq(iterations = 3))
  static class LoftqNet extends Net {}

  /** Weights that are no layer. */
  static class Experts extends Module {
    final Parameter up = new Parameter(Rng.current().normal(2 * 6 * 8, 0, 0.3f), 2, 6, 8);
  }

  @Peft(targetParameters = "experts.up", r = 2)
  static class Mixture extends Module {
    final Experts experts = new Experts();
    final Linear head = new Linear(6, 4);

    Tensor forward(Tensor x) {
      Tensor all = x.reshape(1, -1, 8).matmul(experts.up.transpose(1, 2)); // (2, rows, 6)
      return head.forward(all.tanh().mean(0));
    }
  }

  static class Tower extends Module implements BlockStack {
    private List<Linear> blocks = List.of(new Linear(8, 8), new Linear(8, 8));

    List<Linear> blocks() {
      return blocks;
    }

    @Override
    public int blockCount() {
      return blocks.size();
    }

    @Override
    public void arrange(int... order) {
      List<Linear> arranged = new ArrayList<>();
      for (int i : order) {
        Linear copy = new Linear(blocks.get(i).weight(), blocks.get(i).bias());
        arranged.add(arranged.size() < 2 ? blocks.get(i) : copy);
      }
      blocks = List.copyOf(arranged);
    }

    Tensor forward(Tensor x) {
      Tensor y = x;
      for (Linear block : blocks) {
        y = block.forward(y).tanh();
      }
      return y.slice(1, 0, 4);
    }
  }

  @Peft(
      target = "regex:blocks\\.\\d",
      r = 2,
      layerReplication = {@BlockRange(from = 0, to = 2), @BlockRange(from = 1, to = 2)})
  static class RepeatedTower extends Tower {}

  private record Made(
      String name, PeftModel model, java.util.function.Function<Tensor, Tensor> forward) {
    @Override
    public String toString() {
      return name;
    }
  }

  static List<Made> all() {
    return Rng.with(
        3,
        () -> {
          var kasa = new AnnotatedVariantsTest_KasaNetPeft();
          var blocks = new AnnotatedVariantsTest_BlockNetPeft();
          var velora = new AnnotatedVariantsTest_VeloraNetPeft();
          var monte = new AnnotatedVariantsTest_MonteNetPeft();
          var parameters = new AnnotatedVariantsTest_MixturePeft();
          var repeated = new AnnotatedVariantsTest_RepeatedTowerPeft();
          return List.of(
              new Made("KaSA", kasa, kasa::forward),
              new Made("BD-LoRA", blocks, blocks::forward),
              new Made("VeLoRA", velora, velora::forward),
              new Made("MonteCLoRA", monte, monte::forward),
              new Made("parameters", parameters, parameters::forward),
              new Made("replication", repeated, repeated::forward));
        });
  }

  private @TempDir Path folder;
  private final Tensor x = Tensor.of(new Rng(1).normal(12 * 8, 0, 1), 12, 8);
  private final Tensor y = Tensor.of(new Rng(2).normal(12 * 4, 0, 1), 12, 4);

  @ParameterizedTest
  @MethodSource("all")
  void theGeneratedClassTrainsSavesAndLoads(Made made) {
    AdamW optimizer = AdamW.of(made.model.trainableParameters(), 0.03f);
    float first = made.forward.apply(x).mseLoss(y).item();
    for (int i = 0; i < 30; i++) {
      made.forward.apply(x).mseLoss(y).backward();
      made.model.step(optimizer);
    }
    ((Module) made.model).eval();
    float[] trained = made.forward.apply(x).toFloats();
    assertThat(made.forward.apply(x).mseLoss(y).item()).isLessThan(0.97f * first);
    made.model.save(folder);
    var optimizer2 = AdamW.of(made.model.trainableParameters(), 0.5f);
    made.forward.apply(x).mseLoss(y).backward();
    made.model.step(optimizer2);
    assertThat(made.forward.apply(x).toFloats()).isNotEqualTo(trained);
    made.model.load(folder);
    assertThat(made.forward.apply(x).toFloats()).isEqualTo(trained);
  }

  private static LoraConfig config(PeftModel model) {
    return (LoraConfig) model.adapters().config("default");
  }

  @Test
  void theAnnotationSaysWhatTheBuilderWouldHaveSaid() {
    assertThat(config(new AnnotatedVariantsTest_KasaNetPeft()).variant())
        .isEqualTo(new LoraVariant.Kasa(0.01, 1e-3));
    assertThat(config(new AnnotatedVariantsTest_BlockNetPeft()).variant())
        .isEqualTo(new LoraVariant.BlockDiagonal(List.of("fc1"), List.of("fc2"), 2, true));
    assertThat(config(new AnnotatedVariantsTest_VeloraNetPeft()).variant())
        .isEqualTo(new LoraVariant.Velora(4, 1, LoraVariant.Velora.Direction.RANDOM));
    assertThat(config(new AnnotatedVariantsTest_MonteNetPeft()).variant())
        .isEqualTo(new LoraVariant.MonteClora(3, 1e-4, 150, 1e-5, 0.1, false));
    assertThat(config(new AnnotatedVariantsTest_ActivatedNetPeft()).variant())
        .isEqualTo(new LoraVariant.Activated(List.of(7, 8)));
    assertThat(config(new AnnotatedVariantsTest_MixturePeft()).targetParameters())
        .containsExactly("experts.up");
    var tower = new AnnotatedVariantsTest_RepeatedTowerPeft();
    assertThat(config(tower).layerReplication())
        .containsExactly(new LayerRange(0, 2), new LayerRange(1, 2));
    assertThat(tower.blocks()).hasSize(3);
    assertThat(tower.trainableParameters()).hasSize(6);
  }

  @Test
  void anActivatedAdapterActsFromItsTokensOn() {
    var net = Rng.with(4, AnnotatedVariantsTest_ActivatedNetPeft::new);
    AdamW optimizer = AdamW.of(net.trainableParameters(), 0.1f);
    Tensor ids = Tensor.of(new long[] {1, 7, 8, 2}, 1, 4);
    Tensor rows = x.slice(0, 0, 4).reshape(1, 4, 8);
    Supplier<Tensor> call = () -> CallInputs.with("input_ids", ids, () -> net.forward(rows));
    float[] before = call.get().toFloats();
    call.get().square().sum().backward();
    optimizer.step();
    float[] after = call.get().toFloats();
    for (int i = 0; i < after.length; i++) {
      assertThat(after[i] == before[i]).as("token %d", i / 4).isEqualTo(i / 4 < 1);
    }
  }

  /** What the model computes stays what it was, but for what codes lose. */
  private <N extends Net> void starts(N net, float most) {
    PeftModel model = (PeftModel) net;
    float[] before = net.forward(x).toFloats();
    float[] weight = net.fc1.weight().ownTensor().toFloats();
    LoraData.start(model, List.of(() -> net.forward(x).mseLoss(y)));
    assertThat(model.trainableParameters()).hasSizeGreaterThanOrEqualTo(2);
    float[] after = net.forward(x).toFloats();
    for (int i = 0; i < after.length; i++) {
      assertThat(after[i]).isCloseTo(before[i], within(most));
    }
    boolean changes = !(config(model).init() == Init.EVA);
    assertThat(java.util.Arrays.equals(net.fc1.weight().ownTensor().toFloats(), weight))
        .isEqualTo(!changes);
    float first = net.forward(x).mseLoss(y).item();
    AdamW optimizer = AdamW.of(model.trainableParameters(), 0.02f);
    for (int i = 0; i < 10; i++) {
      net.forward(x).mseLoss(y).backward();
      optimizer.step();
    }
    assertThat(net.forward(x).mseLoss(y).item()).isLessThan(first);
  }

  @Test
  void startsThatNeedDataAreMadeForAGeneratedClass() {
    Rng.with(
        5,
        () -> {
          starts(new AnnotatedVariantsTest_EvaNetPeft(), 1e-6f);
          starts(new AnnotatedVariantsTest_CordaNetPeft(), 1e-4f);
          starts(new AnnotatedVariantsTest_GaNetPeft(), 1e-4f);
          var loftq = new AnnotatedVariantsTest_LoftqNetPeft();
          starts(loftq, 0.2f);
          assertThat(loftq.fc1.weight().own().encoding()).isEqualTo(Encodings.NF4);
          return true;
        });
  }

  @Test
  void ranksOfEvaAreThoseOfTheData() {
    var net = Rng.with(6, AnnotatedVariantsTest_EvaNetPeft::new);
    LoraData.start(net, List.of(() -> net.forward(x).mseLoss(y)));
    var ranks = new LinkedHashMap<String, Integer>();
    net.namedParameters().stream()
        .filter(p -> p.name().contains("lora_A"))
        .forEach(p -> ranks.put(p.name(), p.parameter().dim(0)));
    assertThat(ranks.values().stream().mapToInt(r -> r).sum()).isEqualTo(4);
    assertThat(config(net).init()).isEqualTo(Init.EVA);
  }
}
