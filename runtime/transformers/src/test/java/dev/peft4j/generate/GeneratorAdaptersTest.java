package dev.peft4j.generate;

import static dev.peft4j.generate.SmallDecoder.model;
import static dev.peft4j.generate.SmallDecoder.tokens;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.peft4j.data.Rng;
import dev.peft4j.nn.NamedParameter;
import dev.peft4j.tensor.Tensor;
import dev.peft4j.transformers.CausalLm;
import dev.peft4j.tuner.AdaptedModel;
import dev.peft4j.tuner.AdapterSet;
import dev.peft4j.tuner.PeftModel;
import dev.peft4j.tuner.lora.LoraConfig;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.Test;

/** Generation with adapters: one a row, and one a thread. */
class GeneratorAdaptersTest {
  private static AdaptedModel<CausalLm> adapted() {
    AdaptedModel<CausalLm> peft =
        PeftModel.of(model(), LoraConfig.builder().targets("q_proj", "v_proj").r(2).build());
    peft.adapters()
        .addMatching("other", LoraConfig.builder().targets("o_proj", "down_proj").r(3).build());
    Rng rng = new Rng(9);
    for (NamedParameter p : peft.adapters().namedParameters()) {
      if (p.name().contains("lora_B")) {
        int n = p.parameter().shape().size();
        p.parameter().set(Tensor.of(rng.normal(n, 0, 0.8f)).storage());
      }
    }
    peft.eval();
    return peft;
  }

  @Test
  void eachRowHasItsAdapter() {
    AdaptedModel<CausalLm> peft = adapted();
    AdapterSet set = peft.adapters();
    Generator g = Generator.of(peft.model()).with(tokens(12));
    int[] prompt = {1, 2, 3};
    List<String> names = new ArrayList<>(List.of(AdapterSet.BASE));
    names.addAll(set.names());
    List<int[]> alone = new ArrayList<>();
    for (String n : names) {
      List<String> one = n.equals(AdapterSet.BASE) ? List.of() : List.of(n);
      alone.add(set.with(one, () -> g.generate(prompt).rows().getFirst().tokens()));
    }
    assertThat(alone.get(0)).isNotEqualTo(alone.get(1));
    assertThat(alone.get(1)).isNotEqualTo(alone.get(2));
    List<GenerationRequest> requests =
        names.reversed().stream().map(n -> new GenerationRequest(prompt, g.config(), n)).toList();
    List<Generated> rows = g.with(set).run(requests, GenerationListener.NONE).rows();
    for (int b = 0; b < rows.size(); b++) {
      assertThat(rows.get(b).tokens()).containsExactly(alone.get(names.size() - 1 - b));
    }
    GenerationConfig beams = GenerationConfig.builder().maxNewTokens(5).numBeams(2).build();
    List<GenerationRequest> two =
        names.stream().map(n -> new GenerationRequest(prompt, beams, n)).toList();
    List<Generated> best = g.with(set).run(two, GenerationListener.NONE).rows();
    for (int b = 0; b < best.size(); b++) {
      List<String> one = b == 0 ? List.of() : List.of(names.get(b));
      assertThat(best.get(b).tokens())
          .containsExactly(
              set.with(one, () -> g.with(beams).generate(prompt).rows().getFirst().tokens()));
    }
    assertThatThrownBy(() -> g.run(requests, GenerationListener.NONE))
        .hasMessageContaining("the generator knows none");
  }

  @Test
  void threadsGenerateWithTheirOwnAdapters() throws Exception {
    AdaptedModel<CausalLm> peft = adapted();
    AdapterSet set = peft.adapters();
    Generator g = Generator.of(peft.model()).with(tokens(25));
    List<int[]> expected = new ArrayList<>();
    for (String n : set.names()) {
      expected.add(
          set.with(List.of(n), () -> g.generate(new int[] {5, 6}).rows().getFirst().tokens()));
    }
    List<Callable<Boolean>> work = new ArrayList<>();
    for (int t = 0; t < 8; t++) {
      int a = t % 2;
      work.add(
          () ->
              Arrays.equals(
                  expected.get(a),
                  set.with(
                      List.of(set.names().get(a)),
                      () -> g.generate(new int[] {5, 6}).rows().getFirst().tokens())));
    }
    try (ExecutorService pool = Executors.newFixedThreadPool(4)) {
      for (Future<Boolean> f : pool.invokeAll(work)) {
        assertThat(f.get()).isTrue();
      }
    }
  }
}
