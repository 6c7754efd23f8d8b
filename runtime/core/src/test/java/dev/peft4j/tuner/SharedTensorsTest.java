package dev.peft4j.tuner;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.peft4j.data.Rng;
import dev.peft4j.io.WeightsFile;
import dev.peft4j.nn.NamedBuffer;
import dev.peft4j.nn.NamedParameter;
import dev.peft4j.nn.Parameter;
import dev.peft4j.optim.AdamW;
import dev.peft4j.tensor.Tensor;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Layers of one adapter that share tensors through {@link TunerContext}, as VeRA's do. */
class SharedTensorsTest {
  private static final String BANK = "base_model.model.fc1.shared_bank.default";

  private final Nets.Mlp base = Nets.mlp(1);
  private final AdaptedModel<Nets.Mlp> model = adapted(base, 2);
  private final Tensor x = Nets.input(3, 5, 16);
  private final Tensor y = Nets.input(4, 5, 8);
  private @TempDir Path folder;

  private static AdaptedModel<Nets.Mlp> adapted(Nets.Mlp base, long seed) {
    return Rng.with(seed, () -> PeftModel.of(base, SharedConfig.of(2, "fc1", "fc2", "head")));
  }

  private static Parameter bank(PeftModel model) {
    return model.namedParameters().stream()
        .filter(p -> p.name().equals(BANK))
        .map(NamedParameter::parameter)
        .findFirst()
        .orElseThrow();
  }

  private float[] result(Nets.Mlp net) {
    return net.forward(x).toFloats();
  }

  private Tensor loss() {
    return base.forward(x).mseLoss(y);
  }

  @Test
  void aSharedParameterIsCalledByItsFirstLayerAndThereOnce() {
    assertThat(model.trainableParameters()).hasSize(4).doesNotHaveDuplicates();
    assertThat(model.namedParameters().stream().map(NamedParameter::name))
        .filteredOn(n -> n.contains("shared_"))
        .containsExactly(
            "base_model.model.fc1.shared_scale.default",
            BANK,
            "base_model.model.fc2.shared_scale.default",
            "base_model.model.head.shared_scale.default");
    assertThat(model.namedBuffers().stream().map(NamedBuffer::name))
        .containsExactly("base_model.model.fc1.shared_projection.default");
    assertThat(bank(model).shape().toArray()).containsExactly(2, 32); // the widest of all layers
    assertThat(model.adapters().toString()).contains(" 136 "); // 32 + 32 + 8, and 2 x 32 once
  }

  @Test
  void aSharedTensorIsSavedOnce() throws IOException {
    model.save(folder);
    assertThat(WeightsFile.read(folder.resolve("adapter_model.safetensors")).keySet())
        .containsExactlyInAnyOrder(
            "base_model.shared_bank",
            "base_model.shared_projection",
            "base_model.model.fc1.shared_scale",
            "base_model.model.fc2.shared_scale",
            "base_model.model.head.shared_scale");
  }

  @Test
  void whatIsLoadedIsSharedAgain() {
    Nets.disturb(model, 5);
    float[] expected = result(base);
    model.save(folder);
    Nets.Mlp other = Nets.mlp(1);
    AdaptedModel<Nets.Mlp> loaded = Rng.with(9, () -> PeftModel.load(other, folder, true));
    assertThat(result(other)).isEqualTo(expected);
    assertThat(loaded.trainableParameters()).hasSize(4);
    float[] zero = new float[64];
    bank(loaded).set(zero);
    assertThat(result(other)).isEqualTo(result(Nets.mlp(1))); // every layer had it
    Nets.Mlp third = Nets.mlp(1);
    AdaptedModel<Nets.Mlp> there = adapted(third, 7);
    there.adapters().hotSwap("default", folder);
    assertThat(result(third)).isEqualTo(expected);
  }

  @Test
  void allLayersTrainIt() {
    Nets.disturb(model, 5);
    loss().backward();
    Parameter bank = bank(model);
    float[] gradient = bank.grad().toFloats();
    float[] values = bank.own().toFloats();
    for (int i = 0; i < values.length; i++) {
      float h = 1e-2f;
      double slope = (lossWith(bank, values, i, h) - lossWith(bank, values, i, -h)) / (2 * h);
      assertThat((double) gradient[i])
          .isCloseTo(slope, within(1e-3 + 0.01 * Math.abs(gradient[i])));
    }
    float before = loss().item();
    float[] projection = model.namedBuffers().getFirst().buffer().own().toFloats();
    AdamW optimizer = AdamW.of(model.trainableParameters(), 1e-2f);
    for (int i = 0; i < 5; i++) {
      loss().backward();
      optimizer.step();
    }
    assertThat(loss().item()).isLessThan(before);
    assertThat(bank.own().toFloats()).isNotEqualTo(values);
    assertThat(model.namedBuffers().getFirst().buffer().own().toFloats()).isEqualTo(projection);
  }

  private double lossWith(Parameter p, float[] values, int i, float change) {
    float[] changed = values.clone();
    changed[i] += change;
    p.set(changed);
    double loss = loss().item();
    p.set(values);
    return loss;
  }

  @Test
  void mergedItComputesTheSame() {
    Nets.disturb(model, 5);
    float[] adapted = result(base);
    model.merge();
    assertThat(Nets.largestDifference(result(base), adapted)).isLessThan(1e-5f);
    model.unmerge();
    assertThat(result(base)).isEqualTo(adapted);
    model.mergeAndUnload();
    assertThat(Nets.largestDifference(result(base), adapted)).isLessThan(1e-5f);
  }

  @Test
  void eachAdapterHasItsOwn() {
    model.adapters().addMatching("b", SharedConfig.of(3, "fc2"));
    model.adapters().rename("b", "c");
    assertThat(model.namedParameters().stream().map(NamedParameter::name))
        .contains(BANK, "base_model.model.fc2.shared_bank.c");
    model.adapters().activate("c");
    Nets.disturb(model, 6);
    float[] both = model.adapters().with(List.of("default", "c"), () -> result(base));
    float[] one = model.withAdapter("c", () -> result(base));
    assertThat(both).isEqualTo(one); // the other one is still the identity
    float[] samples =
        model.eval().adapters().perSample(List.of("c", "c", "c", "c", "c"), () -> result(base));
    assertThat(Nets.largestDifference(samples, one)).isLessThan(1e-6f);
  }

  @Test
  void fromAnotherBaseItStartsAgainWithTheSameNumbers() {
    Nets.mlp(11).save(folder.resolve("base.safetensors"));
    model.loadBase(folder.resolve("base.safetensors"));
    Nets.Mlp other = Nets.mlp(11);
    AdaptedModel<Nets.Mlp> fresh = adapted(other, 2);
    assertThat(bank(model).own().toFloats()).isEqualTo(bank(fresh).own().toFloats());
    assertThat(model.namedBuffers().getFirst().buffer().own().toFloats())
        .isEqualTo(fresh.namedBuffers().getFirst().buffer().own().toFloats());
    Nets.disturb(model, 5);
    Nets.disturb(fresh, 5);
    assertThat(result(base)).isEqualTo(result(other));
  }

  @Test
  void layersThatAreGivenOneByOneKnowEachOtherToo() {
    Nets.Mlp net = Nets.mlp(1);
    AdapterSet set = AdapterSet.freezing(net);
    Attachment a = set.add("default", SharedConfig.of(2, "fc1", "head"));
    a.attach("fc1", net.fc1);
    assertThat(set.names()).isEmpty(); // calls see nothing of it yet
    a.attach("head", net.head);
    a.publish();
    assertThat(set.names()).containsExactly("default");
    assertThat(bank(AdaptedModel.of(net, set)).shape().toArray()).containsExactly(2, 32);
  }
}
