package dev.peft4j.tuner;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.peft4j.io.AdapterFolder;
import dev.peft4j.io.ModelCard;
import dev.peft4j.io.StateDictException;
import dev.peft4j.io.StoredTensor;
import dev.peft4j.nn.Linear;
import dev.peft4j.nn.Module;
import dev.peft4j.nn.ModuleTensor;
import dev.peft4j.tensor.Tensor;
import dev.peft4j.tuner.lora.LoraConfig;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.lang.management.ThreadMXBean;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * What users of peft complain of; each test is one of their complaints (numbers are of peft's
 * issues).
 */
class PeftComplaintsTest {
  @TempDir Path folder;
  private final Net net = Net.seeded(1);
  private final Tensor x = Net.input(2, 4);

  private float[] run() {
    return net.forward(x).toFloats();
  }

  /** 1959, 3554, 3658, 3693. */
  @Test
  void aTargetThatNamesNothingIsNoSilence() {
    assertThatThrownBy(() -> PeftModel.of(net, Net.lora("q_proj", "o_proj")))
        .hasMessageContaining("[o_proj] not found")
        .hasMessageContaining("out_proj");
    assertThatThrownBy(
            () ->
                PeftModel.of(
                    net, LoraConfig.builder().targets("q_proj").modulesToSave("scores").build()))
        .hasMessageContaining("'scores' not found")
        .hasMessageContaining("score");
    assertThat(net.layers.getFirst().qProj.slot().sources()).isEmpty();
    assertThat(net.trainableParameters()).hasSize(net.parameters().size());
  }

  /** 2295, 940, 3470. */
  @Test
  void theBaseIsNotChanged() {
    float[] before = run();
    Map<String, ModuleTensor> state = net.stateDict();
    List<float[]> values = state.values().stream().map(p -> p.own().toFloats()).toList();
    AdaptedModel<Net> one =
        PeftModel.of(net, LoraConfig.builder().targets("q_proj").modulesToSave("score").build());
    Net.shake(one, "default", 3);
    AdaptedModel<Net> two = PeftModel.of(net, Net.lora());
    one.merge();
    assertThat(net.stateDict()).isEqualTo(state);
    int i = 0;
    for (ModuleTensor p : state.values()) {
      assertThat(p.own().toFloats()).isEqualTo(values.get(i++));
    }
    assertThat(one.<float[]>withoutAdapter(this::run)).isEqualTo(before);
    assertThat(two.adapters().names()).containsExactly("default");
    assertThat(one.<float[]>call(m -> run())).isNotEqualTo(two.<float[]>call(m -> run()));
    one.unmerge();
    one.adapters().unload();
    two.adapters().unload();
    assertThat(run()).isEqualTo(before);
    assertThat(net.trainableParameters()).hasSize(net.parameters().size());
  }

  /** 3584. */
  @ParameterizedTest
  @ValueSource(
      strings = {
        "0",
        "q_proj",
        "layers",
        "layers.0",
        "lora_A",
        "weight",
        "score",
        "base_model",
        "modules_to_save"
      })
  void anAdapterNamedLikeAPartOfAPathLosesNothing(String name) throws IOException {
    LoraConfig config =
        LoraConfig.builder().r(2).targets("q_proj", "out_proj").modulesToSave("score").build();
    AdaptedModel<Net> model = PeftModel.of(net, config, name);
    Net.shake(model, name, 3);
    float[] before = run();
    model.save(folder);
    assertThat(AdapterFolder.read(folder, name).tensors())
        .hasSize(10)
        .allSatisfy((key, t) -> assertThat(key).doesNotContain("." + name + "." + name));
    Net fresh = Net.seeded(1);
    AdaptedModel<Net> again = PeftModel.load(fresh, folder.resolve(name));
    assertThat(fresh.forward(x).toFloats()).isEqualTo(before);
    again.adapters().addFrom(folder.resolve(name), name);
    assertThat(again.<float[]>withAdapter(name, () -> fresh.forward(x).toFloats()))
        .isEqualTo(before);
  }

  /** A head and a module whose name ends alike. */
  static final class TwoHeads extends Module {
    final Linear body = new Linear(2, 2);
    final Linear preHead = new Linear(2, 2);
    final Linear head = new Linear(2, 2);
  }

  /** 1917, 3755. */
  @Test
  void modulesToSaveGoByWholeNames() {
    AdaptedModel<TwoHeads> model =
        PeftModel.of(
            new TwoHeads(), LoraConfig.builder().targets("body").modulesToSave("head").build());
    assertThat(model.adapters().adapter("default").saved().keySet()).containsExactly("head");
  }

  /** 2566. */
  @Test
  void aRenamedModuleOrAWrongPrefixIsAnErrorThatListsAll() throws IOException {
    PeftModel.of(net, Net.lora()).save(folder);
    var file = AdapterFolder.read(folder);
    for (String[] change : new String[][] {{"layers", "blocks"}, {"base_model.model.", "model."}}) {
      Map<String, StoredTensor> renamed = new LinkedHashMap<>();
      file.tensors().forEach((key, t) -> renamed.put(key.replace(change[0], change[1]), t));
      Path wrong = folder.resolve(change[1]);
      AdapterFolder.write(wrong, "default", file.config(), renamed, ModelCard.of(file.config()));
      Net fresh = Net.seeded(1);
      assertThatThrownBy(() -> PeftModel.load(fresh, wrong))
          .isInstanceOf(StateDictException.class)
          .hasMessageContaining("8 missing")
          .hasMessageContaining("8 unexpected")
          .hasMessageContaining("base_model.model.layers.0.q_proj.lora_A.weight")
          .hasMessageContaining(change[1] + (change[0].equals("layers") ? "" : "layers") + ".");
      assertThat(fresh.forward(x).toFloats()).isEqualTo(Net.seeded(1).forward(x).toFloats());
      LoadReport report = AdapterSet.freezing(fresh).addFrom(wrong, "lenient", Strictness.LENIENT);
      assertThat(report.missing()).hasSize(8);
      assertThat(report.unexpected()).hasSize(8);
      assertThat(report.isComplete()).isFalse();
    }
  }

  /** 804, 973. */
  @Test
  void threadsDoNotChooseForEachOther() throws Exception {
    AdaptedModel<Net> model = PeftModel.of(net, Net.lora());
    List<float[]> expected = new ArrayList<>();
    for (int i = 0; i < 4; i++) {
      model.adapters().addMatching("a" + i, Net.lora());
      expected.add(model.withAdapter("a" + i, this::run));
    }
    try (ExecutorService threads = Executors.newFixedThreadPool(4)) {
      List<Future<Boolean>> results = new ArrayList<>();
      for (int t = 0; t < 4; t++) {
        String name = "a" + t;
        float[] mine = expected.get(t);
        results.add(
            threads.submit(
                () ->
                    model.withAdapter(
                        name,
                        () -> {
                          for (int i = 0; i < 100; i++) {
                            assertThat(run()).isEqualTo(mine);
                          }
                          return true;
                        })));
      }
      for (Future<Boolean> r : results) {
        assertThat(r.get()).isTrue();
      }
    }
  }

  /** 981. */
  @Test
  void theHundredthAdapterIsAddedAndCalledLikeTheFirst() {
    AdaptedModel<Net> model = PeftModel.of(net, Net.lora());
    ThreadMXBean clock = ManagementFactory.getThreadMXBean();
    long[] time = new long[6];
    for (int block = 0; block < time.length; block++) {
      long start = clock.getCurrentThreadCpuTime();
      for (int i = 0; i < 20; i++) {
        model.adapters().addMatching("a" + block + "_" + i, Net.lora());
      }
      time[block] = clock.getCurrentThreadCpuTime() - start;
    }
    assertThat(time[5]).isLessThan(5 * Math.max(time[1], 1_000_000));
    Counting counting = new Counting();
    counting.run(
        () -> {
          for (String name : model.adapters().names()) {
            model.withAdapter(name, this::run);
          }
          return true;
        });
    assertThat(counting.compiled()).isEqualTo(1);
  }

  /** 3766. */
  @Test
  void anAdapterOnAnEvaluatedBaseDropsNothing() {
    net.eval();
    AdaptedModel<Net> model =
        PeftModel.of(
            net,
            LoraConfig.builder()
                .r(2)
                .dropout(0.5)
                .targets("q_proj")
                .init(dev.peft4j.annotation.Init.RANDOM)
                .build());
    assertThat(run()).isEqualTo(run());
    model
        .adapters()
        .addMatching(
            "more",
            LoraConfig.builder()
                .r(2)
                .dropout(0.5)
                .targets("out_proj")
                .init(dev.peft4j.annotation.Init.RANDOM)
                .build());
    assertThat(model.<float[]>withAdapter("more", this::run))
        .isEqualTo(model.<float[]>withAdapter("more", this::run));
    net.train();
    assertThat(run()).isNotEqualTo(run());
  }
}
