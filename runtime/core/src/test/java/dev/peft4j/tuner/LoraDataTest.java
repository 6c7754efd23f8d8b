package dev.peft4j.tuner;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.peft4j.annotation.Init;
import dev.peft4j.data.Nf4;
import dev.peft4j.data.Rng;
import dev.peft4j.data.Storage;
import dev.peft4j.linalg.LinearAlgebra;
import dev.peft4j.nn.Parameter;
import dev.peft4j.tensor.Tensor;
import dev.peft4j.tuner.lora.LoraConfig;
import dev.peft4j.tuner.lora.LoraData;
import dev.peft4j.tuner.lora.LoraOffset;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

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

  /** What peft's start leaves of the weight when alpha is r: the same codes and product. */
  @Test
  void loftqLeavesNoMoreThanPeftsStartDoes() {
    LoraConfig one = LoraConfig.builder().r(4).alpha(4).targets("fc1").build();
    for (int iterations : new int[] {1, 2, 5}) {
      Nets.Mlp base = Nets.mlp(3);
      float[] weight = parameter(base, "fc1.weight").own().toFloats();
      AdaptedModel<Nets.Mlp> model = LoraData.loftq(base, one, new Nf4(), iterations);
      Parameter held = parameter(base, "fc1.weight");
      assertThat(held.own().encoding().name()).isEqualTo("NF4");
      Tensor b = parameter(model, "fc1.lora_B.default.weight").ownTensor();
      Tensor a = parameter(model, "fc1.lora_A.default.weight").ownTensor();
      float[] whole = held.ownTensor().add(b.matmul(a)).toFloats();
      double left = distance(whole, weight);
      assertThat(left).isLessThan(1.0001 * peftsResidual(weight, iterations, 4));
      assertThat(left).isLessThan(0.9 * distance(held.ownTensor().toFloats(), weight));
    }
  }

  /** The loop of peft's loftq_init, in plain numbers. */
  private static double peftsResidual(float[] weight, int iterations, int r) {
    int out = 32;
    int in = 16;
    float[] rest = weight.clone();
    double left = 0;
    for (int i = 0; i < iterations; i++) {
      float[] codes = Storage.of(rest.clone()).copyAs(new Nf4()).toFloats();
      float[] lost = new float[weight.length];
      for (int j = 0; j < lost.length; j++) {
        lost[j] = weight[j] - codes[j];
      }
      LinearAlgebra.Svd svd = LinearAlgebra.available().svd(lost, out, in);
      float[] product = new float[weight.length];
      for (int n = 0; n < r; n++) {
        for (int row = 0; row < out; row++) {
          for (int col = 0; col < in; col++) {
            product[row * in + col] += svd.u()[row * in + n] * svd.s()[n] * svd.vt()[n * in + col];
          }
        }
      }
      for (int j = 0; j < lost.length; j++) {
        rest[j] = weight[j] - product[j];
        codes[j] += product[j];
      }
      left = distance(codes, weight);
    }
    return left;
  }

  private static double distance(float[] x, float[] y) {
    double sum = 0;
    for (int i = 0; i < x.length; i++) {
      sum += (x[i] - y[i]) * (double) (x[i] - y[i]);
    }
    return Math.sqrt(sum);
  }

  @Test
  void loftqOfAModelInCodesKeepsTheCodes() {
    float[] weight = parameter(net, "fc1.weight").own().toFloats();
    net.fc1.weight().to(new Nf4());
    float[] codes = net.fc1.weight().ownTensor().toFloats();
    AdaptedModel<Nets.Mlp> model =
        PeftModel.of(net, LoraConfig.builder().r(4).alpha(12).targets("fc1").build());
    LoraData.loftq(model, "default", path -> weight);
    assertThat(net.fc1.weight().ownTensor().toFloats()).isEqualTo(codes);
    Tensor b = parameter(model, "fc1.lora_B.default.weight").ownTensor();
    Tensor a = parameter(model, "fc1.lora_A.default.weight").ownTensor();
    float[] whole = net.fc1.weight().ownTensor().add(b.matmul(a).mul(3)).toFloats();
    assertThat(distance(whole, weight)).isLessThan(0.9 * distance(codes, weight));
    assertThatThrownBy(() -> LoraData.loftq(model, "default", path -> new float[3]))
        .hasMessageContaining("'fc1' has 512 numbers, was given 3");
  }

  /** What a start took off the base is in the file, so that this fits the base as it was. */
  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void anAdapterCanBeSavedForTheBaseAsItWas(boolean rslora) {
    LoraConfig c =
        LoraConfig.builder()
            .r(4)
            .alpha(6)
            .rslora(rslora)
            .rankPattern("fc2", 3)
            .targets("fc1", "fc2")
            .corda("ipm")
            .build();
    AdaptedModel<Nets.Mlp> model = PeftModel.of(net, c);
    LoraData.start(model, List.of(() -> net.forward(x)));
    LoraOffset offset = LoraOffset.of(model, "default");
    Nets.disturb(model, 4);
    float[] trained = net.forward(x).toFloats();
    offset.save(folder);
    Nets.Mlp other = Nets.mlp(3);
    PeftModel.load(other, folder);
    assertThat(Nets.largestDifference(other.forward(x).toFloats(), trained)).isLessThan(1e-4f);
    assertThat(offset.config().rankOf("fc2")).isEqualTo(6);
  }
}
