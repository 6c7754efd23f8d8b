package dev.peft4j.tuner;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.peft4j.data.Rng;
import dev.peft4j.nn.Linear;
import dev.peft4j.nn.Module;
import dev.peft4j.tensor.Tensor;
import dev.peft4j.tuner.loha.LoHaConfig;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What the golden cases, which train without dropout, do not show. */
class LoHaTest {
  private static final int OUT = 64;

  static final class Net extends Module {
    final Linear fc = new Linear(3, OUT, false);
  }

  private @TempDir Path folder;
  private final Net net = Rng.with(1, Net::new);
  private final Tensor x = Tensor.of(new float[] {1, -2, 0.5f}, 1, 3);

  private AdaptedModel<Net> adapted(LoHaConfig.Builder settings) {
    AdaptedModel<Net> model =
        Rng.with(2, () -> PeftModel.of(net, settings.targets("fc").initWeights(false).build()));
    return model;
  }

  private float[] update() {
    float[] all = net.fc.forward(x).toFloats();
    float[] plain = x.linear(net.fc.weight(), null).toFloats();
    float[] update = new float[OUT];
    for (int i = 0; i < OUT; i++) {
      update[i] = all[i] - plain[i];
    }
    return update;
  }

  /** Rows of ΔW are dropped, and those that stay grow by the share of those that are gone. */
  @Test
  void rankDropoutDropsOutputsInTraining() {
    adapted(LoHaConfig.builder().rankDropout(0.5));
    net.eval();
    float[] whole = update();
    net.train();
    float[] dropped = update();
    int kept = (int) IntStream.range(0, OUT).filter(i -> dropped[i] != 0).count();
    assertThat(kept).isBetween(OUT / 4, 3 * OUT / 4);
    for (int i = 0; i < OUT; i++) {
      if (dropped[i] != 0) {
        assertThat(dropped[i]).isCloseTo(whole[i] * OUT / kept, within(1e-4f));
      }
    }
    assertThat(update()).isNotEqualTo(dropped); // drawn for each call
  }

  @Test
  void moduleDropoutLeavesTheWholeAdapterOut() {
    adapted(LoHaConfig.builder().moduleDropout(0.5));
    net.eval();
    float[] whole = update();
    net.train();
    int out = 0;
    for (int i = 0; i < 100; i++) {
      float[] now = update();
      boolean zero = IntStream.range(0, OUT).allMatch(j -> now[j] == 0);
      assertThat(zero || java.util.Arrays.equals(now, whole)).isTrue();
      out += zero ? 1 : 0;
    }
    assertThat(out).isBetween(25, 75);
  }

  @Test
  void moduleDropoutOfOneTrainsNothing() {
    adapted(LoHaConfig.builder().moduleDropout(1));
    net.train();
    assertThat(update()).containsOnly(0);
  }

  @Test
  void wrongSettingsAreNamed() {
    LoHaConfig.Builder b = LoHaConfig.builder().targets("fc");
    assertThatThrownBy(() -> b.r(0).build())
        .hasMessage("r should be a positive integer value but the value passed is 0");
    assertThatThrownBy(() -> b.r(2).alpha(0).build())
        .hasMessage("alpha is 0.0, must be positive and finite");
    assertThatThrownBy(() -> b.alpha(1).rankDropout(1).build())
        .hasMessage("rank dropout is 1.0, must be at least 0 and less than 1");
    assertThatThrownBy(() -> b.rankDropout(0).moduleDropout(2).build())
        .hasMessage("module dropout is 2.0, must be at least 0 and at most 1");
    assertThatThrownBy(() -> b.moduleDropout(0).rankPattern("a", 0).build())
        .hasMessageContaining("rank pattern 'a'");
  }

  /** A damaged file is refused before memory is asked for. */
  @Test
  void anImpossibleRankIsRefused() throws Exception {
    adapted(LoHaConfig.builder()).save(folder);
    Path file = folder.resolve("adapter_config.json");
    Files.writeString(file, Files.readString(file).replace("\"r\": 8", "\"r\": 2000000000"));
    assertThatThrownBy(() -> PeftModel.load(Rng.with(1, Net::new), folder))
        .hasMessageContaining("a rank (r or rank_pattern) is 2000000000");
  }

  @Test
  void anotherScaleIsAnotherAdapter() {
    adapted(LoHaConfig.builder().alpha(4)).save(folder);
    AdaptedModel<Net> other =
        PeftModel.of(Rng.with(1, Net::new), LoHaConfig.builder().targets("fc").build());
    assertThatThrownBy(() -> other.load(folder))
        .hasMessageContaining("the adapter in the file scales 'fc' by 0.5, this model by 1.0");
  }
}
