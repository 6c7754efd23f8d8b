package dev.peft4j.tuner;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.peft4j.annotation.Init;
import dev.peft4j.data.Rng;
import dev.peft4j.io.AdapterFolder;
import dev.peft4j.nn.Conv2d;
import dev.peft4j.nn.ExpertWeights;
import dev.peft4j.nn.Linear;
import dev.peft4j.nn.Module;
import dev.peft4j.nn.MultiheadAttention;
import dev.peft4j.nn.NamedParameter;
import dev.peft4j.nn.Parameter;
import dev.peft4j.op.Window;
import dev.peft4j.optim.AdamW;
import dev.peft4j.tensor.Tensor;
import dev.peft4j.tuner.lora.LoraConfig;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What LoRA adapts besides plain layers: bare parameters, attention, convolutions in groups. */
class LoraTargetsTest {
  private @TempDir Path folder;

  /** Two experts that all act, and a matrix that weighs them. */
  private static final class Experts extends Module implements ExpertWeights {
    private final boolean transposed;
    final Parameter up;
    final Parameter gate;
    final Linear fc = new Linear(3, 3);

    Experts(boolean transposed) {
      this.transposed = transposed;
      int[] shape = transposed ? new int[] {2, 4, 3} : new int[] {2, 3, 4};
      up = new Parameter(Rng.current().normal(24, 0, 0.5f), shape);
      gate = new Parameter(Rng.current().normal(8, 0, 0.5f), 2, 4);
    }

    @Override
    public boolean isTransposed() {
      return transposed;
    }

    Tensor forward(Tensor x) {
      Tensor y = Tensor.einsum(transposed ? "bi,eio->beo" : "bi,eoi->beo", x, up);
      Tensor w = x.matmul(gate.transpose(0, 1)).softmax(-1);
      return fc.forward(Tensor.einsum("be,beo->bo", w, y));
    }
  }

  private static final class Net1 extends Module {
    final Experts experts;

    Net1(boolean transposed) {
      experts = new Experts(transposed);
    }

    Tensor forward(Tensor x) {
      return experts.forward(x);
    }
  }

  private static Net1 net(boolean transposed) {
    return Rng.with(1, () -> new Net1(transposed));
  }

  private static LoraConfig.Builder parameters(String... names) {
    return LoraConfig.builder().r(2).alpha(3).targetParameters(names);
  }

  private static Tensor x(int... shape) {
    int n = 1;
    for (int d : shape) {
      n *= d;
    }
    return Tensor.of(new Rng(5).normal(n, 0, 1), shape);
  }

  private static List<String> trained(PeftModel model) {
    return model.namedParameters().stream()
        .filter(p -> p.parameter().trainable())
        .map(NamedParameter::name)
        .toList();
  }

  @Test
  void bareParametersStartAsTheyAreAndAreTrainedMergedAndSaved() throws IOException {
    for (boolean transposed : new boolean[] {false, true}) {
      Net1 net = net(transposed);
      Tensor x = x(5, 4);
      float[] plain = net.forward(x).toFloats();
      AdaptedModel<Net1> model = PeftModel.of(net, parameters("up", "experts.gate").build());
      assertThat(net.forward(x).toFloats()).containsExactly(plain);
      assertThat(trained(model))
          .containsExactly(
              "base_model.model.experts.base_layer.lora_A.default.weight",
              "base_model.model.experts.base_layer.lora_B.default.weight",
              "base_model.model.experts.lora_A.default.weight",
              "base_model.model.experts.lora_B.default.weight");
      AdamW optimizer = AdamW.of(model.trainableParameters(), 1e-2f);
      float before = net.forward(x).square().mean().item();
      for (int i = 0; i < 3; i++) {
        net.forward(x).square().mean().backward();
        optimizer.step();
      }
      float[] y = net.forward(x).toFloats();
      assertThat(net.forward(x).square().mean().item()).isLessThan(before);
      assertThat(net.experts.up.own().toFloats())
          .containsExactly(net(transposed).experts.up.own().toFloats());

      // (experts · rank, in) and, ranks outside, (out, rank · experts)
      Tensor a = parameter(model, "experts.base_layer.lora_A.default.weight");
      Tensor b = parameter(model, "experts.base_layer.lora_B.default.weight");
      assertThat(a.shape().toArray()).containsExactly(4, 4);
      assertThat(b.shape().toArray()).containsExactly(3, 4);
      Tensor delta =
          Tensor.einsum(
                  transposed ? "ore,eri->eio" : "ore,eri->eoi",
                  b.reshape(3, 2, 2),
                  a.reshape(2, 2, 4))
              .mul(1.5f);
      assertThat(Tensor.of(net.experts.up.node()).toFloats())
          .usingComparatorWithPrecision(1e-6f)
          .containsExactly(net.experts.up.ownTensor().add(delta).toFloats());

      Path to = folder.resolve("t" + transposed);
      model.save(to);
      assertThat(AdapterFolder.read(to).config().texts("target_parameters"))
          .containsExactly("up", "experts.gate");
      Net1 other = net(transposed);
      PeftModel.load(other, to);
      assertThat(other.forward(x).toFloats()).containsExactly(y);
      assertThat(model.withoutAdapter(() -> net.forward(x).toFloats())).containsExactly(plain);

      model.merge();
      assertThat(net.forward(x).toFloats()).usingComparatorWithPrecision(1e-5f).containsExactly(y);
      model.unmerge();
      assertThat(net.forward(x).toFloats()).containsExactly(y);
      model.mergeAndUnload();
      assertThat(net.forward(x).toFloats()).usingComparatorWithPrecision(1e-5f).containsExactly(y);
    }
  }

  private static Parameter parameter(PeftModel model, String end) {
    return model.namedParameters().stream()
        .filter(p -> p.name().endsWith(end))
        .findFirst()
        .orElseThrow()
        .parameter();
  }

  @Test
  void severalAdaptersOfParametersAddUp() {
    Net1 net = net(false);
    Tensor x = x(5, 4);
    AdaptedModel<Net1> model =
        PeftModel.of(net, parameters("experts.up").init(Init.RANDOM).build());
    model.adapters().addMatching("other", parameters("up").init(Init.RANDOM).build());
    Tensor own = net.experts.up.ownTensor();
    float[] one = Tensor.of(net.experts.up.node()).sub(own).toFloats();
    float[] two =
        model.withAdapter("other", () -> Tensor.of(net.experts.up.node()).sub(own).toFloats());
    model.adapters().activate("default", "other");
    float[] both = Tensor.of(net.experts.up.node()).sub(own).toFloats();
    for (int i = 0; i < both.length; i++) {
      assertThat(both[i]).isCloseTo(one[i] + two[i], org.assertj.core.data.Offset.offset(1e-5f));
    }
    model.eval();
    assertThatThrownBy(
            () ->
                model
                    .adapters()
                    .perSample(
                        List.of("default", "other", "default", "default", "other"),
                        () -> net.forward(x)))
        .hasMessageContaining("experts.up")
        .hasMessageContaining("is not the same for all samples");
  }

  @Test
  void whatBareParametersCannotHaveIsNamed() {
    assertThatThrownBy(() -> PeftModel.of(net(false), parameters("experts.upp").build()))
        .hasMessageContaining("target parameter 'experts.upp' not found")
        .hasMessageContaining("experts.up");
    assertThatThrownBy(() -> PeftModel.of(net(false), parameters("up").dropout(0.1).build()))
        .hasMessageContaining("[up] of 'experts'")
        .hasMessageContaining("dropout 0.1");
    assertThatThrownBy(
            () -> PeftModel.of(net(false), parameters("fc.weight").targets("fc").build()))
        .hasMessageContaining("'experts.fc' is a target and has target parameters");
  }

  @Test
  void attentionHasAdaptersOfItsTwoWeights() throws IOException {
    Module net = Rng.with(2, AttentionNet::new);
    AttentionNet attention = (AttentionNet) net;
    Tensor x = x(2, 3, 8);
    float[] plain = attention.forward(x).toFloats();
    AdaptedModel<AttentionNet> model =
        PeftModel.of(attention, LoraConfig.builder().r(2).alpha(4).targets("attn").build());
    assertThat(attention.forward(x).toFloats()).containsExactly(plain);
    assertThat(trained(model))
        .containsExactly(
            "base_model.model.attn.base_layer.out_proj.lora_A.default.weight",
            "base_model.model.attn.base_layer.out_proj.lora_B.default.weight",
            "base_model.model.attn.lora_A.default.weight",
            "base_model.model.attn.lora_B.default.weight");
    AdamW optimizer = AdamW.of(model.trainableParameters(), 1e-2f);
    for (int i = 0; i < 3; i++) {
      attention.forward(x).square().mean().backward();
      optimizer.step();
    }
    float[] y = attention.forward(x).toFloats();
    Tensor a = parameter(model, "out_proj.lora_A.default.weight");
    Tensor b = parameter(model, "out_proj.lora_B.default.weight");
    Parameter out = attention.attn.outProj().weight();
    assertThat(Tensor.of(out.node()).toFloats()) // twice, as in peft
        .usingComparatorWithPrecision(1e-6f)
        .containsExactly(out.ownTensor().add(b.matmul(a).mul(4)).toFloats());
    model.save(folder);
    AttentionNet other = Rng.with(2, AttentionNet::new);
    PeftModel.load(other, folder);
    assertThat(other.forward(x).toFloats()).containsExactly(y);
    assertThat(attention.toString()).contains("lora_A");
    model.mergeAndUnload();
    assertThat(attention.forward(x).toFloats())
        .usingComparatorWithPrecision(1e-5f)
        .containsExactly(y);
    assertThatThrownBy(
            () ->
                PeftModel.of(
                    Rng.with(2, AttentionNet::new),
                    LoraConfig.builder().targets("attn").dora(true).build()))
        .hasMessageContaining("'attn' is a MultiheadAttention")
        .hasMessageContaining("dora");
  }

  private static final class AttentionNet extends Module {
    final MultiheadAttention attn = new MultiheadAttention(8, 2);

    Tensor forward(Tensor x) {
      return attn.forward(x, null, false);
    }
  }

  private static final class Grouped extends Module {
    final Conv2d conv = new Conv2d(4, 6, new Window(3, 1, 1, 2, 1, 0, 1, 1), 2, true);

    Tensor forward(Tensor x) {
      return conv.forward(x);
    }
  }

  @Test
  void aConvolutionInGroupsIsAsSeveralBesideEachOther() {
    Grouped net = Rng.with(3, Grouped::new);
    Tensor x = x(2, 4, 5, 5);
    Tensor y = net.forward(x);
    assertThat(y.shape().toArray()).containsExactly(2, 6, 5, 3);
    Tensor first =
        x.slice(1, 0, 2)
            .conv2d(
                net.conv.weight().slice(0, 0, 3),
                net.conv.bias().slice(0, 0, 3),
                net.conv.window());
    assertThat(y.slice(1, 0, 3).toFloats()).containsExactly(first.toFloats());
    assertThat(net.toString()).contains("Conv2d(4, 6, kernel_size=(3, 1)").contains("groups=2");

    float[] plain = y.toFloats();
    AdaptedModel<Grouped> model =
        PeftModel.of(net, LoraConfig.builder().r(4).targets("conv").build());
    assertThat(net.forward(x).toFloats()).containsExactly(plain);
    assertThat(parameter(model, "lora_A.default.weight").shape().toArray())
        .containsExactly(4, 4, 3, 1);
    assertThat(parameter(model, "lora_B.default.weight").shape().toArray())
        .containsExactly(6, 2, 1, 1);
    Net.shake(model, "default", 3);
    assertThat(net.forward(x).toFloats()).isNotEqualTo(plain);
    assertThatThrownBy(model::merge).hasMessageContaining("groups of the convolution");
    assertThatThrownBy(
            () ->
                PeftModel.of(
                    Rng.with(3, Grouped::new), LoraConfig.builder().r(3).targets("conv").build()))
        .hasMessageContaining("2 groups needs a rank that they divide, got 3");
    assertThatThrownBy(() -> new Conv2d(4, 6, Window.square(3, 1, 0), 3, true))
        .hasMessageContaining("4 to 6 channels in 3 groups");
  }
}
