package dev.peft4j.tuner;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.peft4j.annotation.Init;
import dev.peft4j.data.Rng;
import dev.peft4j.nn.Parameter;
import dev.peft4j.tensor.Tensor;
import dev.peft4j.tuner.lora.LoraConfig;
import dev.peft4j.tuner.lora.LoraData;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Starts that need data; that they are peft's is among the golden cases. */
class LoraDataTest {
  private final Nets.Mlp net = Nets.mlp(3);
  private final Tensor x = Nets.input(5, 24, 16);
  private final LoraConfig config =
      LoraConfig.builder().r(4).alpha(8).targets("fc1", "fc2").build();
  private @TempDir Path folder;

  private static Parameter parameter(PeftModel model, String end) {
    return model.namedParameters().stream()
        .filter(p -> p.name().endsWith(end))
        .findFirst()
        .orElseThrow()
        .parameter();
  }

  private Runnable run() {
    return () -> net.forward(x).storage();
  }

  @Test
  void cordaTakesAPartOffTheWeightAndTheModelStaysTheSame() {
    float[] before = net.forward(x).toFloats();
    float[] weight = parameter(net, "fc1.weight").own().toFloats();
    for (LoraData.CordaMethod method : LoraData.CordaMethod.values()) {
      Nets.Mlp base = Nets.mlp(3);
      AdaptedModel<Nets.Mlp> model =
          LoraData.corda(base, config, method, () -> base.forward(x).storage());
      assertThat(parameter(base, "fc1.weight").own().toFloats()).isNotEqualTo(weight);
      assertThat(Nets.largestDifference(base.forward(x).toFloats(), before)).isLessThan(1e-4f);
      Tensor b = parameter(model, "fc1.lora_B.default.weight").ownTensor();
      Tensor a = parameter(model, "fc1.lora_A.default.weight").ownTensor();
      float[] whole = parameter(base, "fc1.weight").ownTensor().add(b.matmul(a).mul(2)).toFloats();
      assertThat(Nets.largestDifference(whole, weight)).isLessThan(1e-5f);
      assertThat(((LoraConfig) model.adapters().config("default")).init()).isEqualTo(Init.CORDA);

      // file and base together are what they were
      Nets.disturb(model, 4);
      float[] trained = base.forward(x).toFloats();
      Path to = folder.resolve(method.name());
      model.save(to);
      model.saveBase(to.resolve("base.safetensors"));
      Nets.Mlp other = Nets.mlp(9);
      other.load(to.resolve("base.safetensors"));
      PeftModel.load(other, to);
      assertThat(other.forward(x).toFloats()).isEqualTo(trained);
    }
  }

  private static Parameter parameter(Nets.Mlp net, String name) {
    return net.namedParameters().stream()
        .filter(p -> p.name().equals(name))
        .findFirst()
        .orElseThrow()
        .parameter();
  }

  @Test
  void loraGaFollowsTheGradient() {
    float[] before = net.forward(x).toFloats();
    Tensor y = Nets.input(6, 24, 8);
    AdaptedModel<Nets.Mlp> model =
        Rng.with(
            1,
            () ->
                LoraData.loraGa(
                    net,
                    config,
                    LoraData.GaDirection.A_R_B_2R,
                    LoraData.GaScale.STABLE,
                    16,
                    () -> {
                      net.forward(x).mseLoss(y).backward();
                      net.forward(x).mseLoss(y).backward(); // the mean of two is the same
                    }));
    assertThat(Nets.largestDifference(net.forward(x).toFloats(), before)).isLessThan(1e-4f);
    assertThat(parameter(net, "fc1.weight").trainable()).isFalse();
    assertThat(parameter(net, "fc1.weight").grad()).isNull();
    Tensor a = parameter(model, "fc1.lora_A.default.weight").ownTensor();
    float[] products = a.matmul(a.transpose(0, 1)).toFloats(); // singular vectors
    for (int i = 0; i < 16; i++) {
      assertThat(products[i]).isCloseTo(i % 5 == 0 ? 1 : 0, within(1e-4f));
    }
    assertThatThrownBy(
            () ->
                LoraData.loraGa(
                    Nets.mlp(3),
                    config,
                    LoraData.GaDirection.A_R_B_2R,
                    LoraData.GaScale.UNIT,
                    16,
                    () -> {}))
        .hasMessageContaining("no gradient reached 'fc1'");
  }

  @Test
  void evaDealsTheRanksToDirectionsOfTheInputs() {
    float[] before = net.forward(x).toFloats();
    List<Runnable> batches = new ArrayList<>();
    for (int i = 0; i < 5; i++) {
      Tensor batch = Nets.input(20 + i, 24, 16);
      batches.add(() -> net.forward(batch).storage());
    }
    AdaptedModel<Nets.Mlp> model = LoraData.eva(net, config, 2, 0.9, false, batches);
    assertThat(Nets.largestDifference(net.forward(x).toFloats(), before))
        .isLessThan(1e-5f); // B is zero
    int all = 0;
    for (String layer : List.of("fc1", "fc2")) {
      Tensor a = parameter(model, layer + ".lora_A.default.weight").ownTensor();
      int r = a.dim(0);
      all += r;
      assertThat(r).isBetween(1, 8);
      float[] products = a.matmul(a.transpose(0, 1)).toFloats();
      for (int i = 0; i < r * r; i++) {
        assertThat(products[i]).isCloseTo(i % (r + 1) == 0 ? 1 : 0, within(1e-4f));
      }
      LoraConfig dealt = (LoraConfig) model.adapters().config("default");
      assertThat(dealt.scaleOf(layer)).isCloseTo(2, within(1e-9)); // alpha follows the rank
    }
    assertThat(all).isEqualTo(8);
    assertThatThrownBy(() -> LoraData.eva(Nets.mlp(3), config, 2, 0.9, false, List.of()))
        .hasMessageContaining("at least one batch");
  }
}
