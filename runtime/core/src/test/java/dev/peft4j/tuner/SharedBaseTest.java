package dev.peft4j.tuner;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.peft4j.data.Storage;
import dev.peft4j.nn.Parameter;
import dev.peft4j.optim.Sgd;
import dev.peft4j.tensor.Tensor;
import dev.peft4j.tuner.lora.LoraConfig;
import java.util.List;
import org.junit.jupiter.api.Test;

/** Two adapted models over one base. */
class SharedBaseTest {
  private final Net net = Net.seeded(1);
  private final Tensor x = Net.input(2, 4);
  private final float[] base = net.forward(x).toFloats();
  private final List<Storage> memory = net.parameters().stream().map(Parameter::own).toList();
  private final List<float[]> values =
      net.parameters().stream().map(p -> p.own().toFloats()).toList();
  private final AdaptedModel<Net> a = Net.seed(3, () -> PeftModel.of(net, Net.lora()));
  private final float[] ofA = net.forward(x).toFloats();
  private final AdaptedModel<Net> b =
      Net.seed(
          4,
          () ->
              PeftModel.of(
                  net, LoraConfig.builder().r(1).targets("q_proj").modulesToSave("score").build()));

  SharedBaseTest() {
    Net.shake(b, "default", 5);
  }

  private float[] run(AdaptedModel<Net> model) {
    return model.call(m -> m.forward(x).toFloats());
  }

  @Test
  void eachHasItsAdaptersAndTheBaseItsOneCopy() {
    float[] ofB = run(b);
    assertThat(run(a)).isEqualTo(ofA).isNotEqualTo(ofB);
    assertThat(a.<float[]>withoutAdapter(() -> net.forward(x).toFloats())).isEqualTo(base);
    assertThat(a.model()).isSameAs(b.model());
    for (int i = 0; i < memory.size(); i++) {
      assertThat(net.parameters().get(i).own()).isSameAs(memory.get(i));
      assertThat(memory.get(i).toFloats()).isEqualTo(values.get(i));
    }
  }

  @Test
  void aCallThatSaysNothingIsAnError() {
    assertThatThrownBy(() -> net.forward(x))
        .isInstanceOf(IllegalStateException.class)
        .hasMessageContaining("base of 2 adapted models")
        .hasMessageContaining("adapted.call");
    b.adapters().unload();
    assertThat(net.forward(x).toFloats()).isEqualTo(ofA);
  }

  @Test
  void oneInsideTheOther() {
    float[] ofB = run(b);
    boolean ok =
        a.call(
            m -> {
              assertThat(run(b)).isEqualTo(ofB);
              assertThat(m.forward(x).toFloats()).isEqualTo(ofA);
              return true;
            });
    assertThat(ok).isTrue();
  }

  @Test
  void trainingOneLeavesTheOtherAndTheBase() {
    float[] ofB = run(b);
    Sgd optimizer = Sgd.of(a.trainableParameters(), 0.1f);
    for (int i = 0; i < 3; i++) {
      a.call(m -> m.forward(x).square().mean()).backward();
      optimizer.step();
    }
    assertThat(run(a)).isNotEqualTo(ofA);
    assertThat(run(b)).isEqualTo(ofB);
    assertThat(a.<float[]>withoutAdapter(() -> net.forward(x).toFloats())).isEqualTo(base);
  }

  @Test
  void mergingOneLeavesTheOtherAndTheBase() {
    float[] ofB = run(b);
    a.merge();
    assertThat(run(a)).usingComparatorWithPrecision(1e-5f).containsExactly(ofA);
    assertThat(run(b)).isEqualTo(ofB);
    b.merge();
    assertThat(run(b)).usingComparatorWithPrecision(1e-5f).containsExactly(ofB);
    a.unmerge();
    assertThat(run(a)).isEqualTo(ofA);
    assertThat(b.<float[]>withoutAdapter(() -> net.forward(x).toFloats())).isEqualTo(base);
  }

  @Test
  void whatWouldChangeTheOthersBaseIsRefused() {
    assertThatThrownBy(a::mergeAndUnload)
        .isInstanceOf(IllegalStateException.class)
        .hasMessageContaining("another adapted model")
        .hasMessageContaining("'layers.0.q_proj.weight'");
    assertThat(run(a)).isEqualTo(ofA);
    b.adapters().unload();
    a.mergeAndUnload();
    assertThat(net.forward(x).toFloats()).usingComparatorWithPrecision(1e-5f).containsExactly(ofA);
  }

  @Test
  void aPartOfTheBaseMayBeAnotherModelsBase() {
    AdaptedModel<Net.Block> part =
        Net.seed(6, () -> PeftModel.of(net.layers.getFirst(), Net.lora()));
    assertThat(run(a)).isEqualTo(ofA);
    Tensor y = part.call(m -> m.forward(x));
    assertThat(y.toFloats()).isNotEqualTo(a.call(m -> m.layers.getFirst().forward(x)).toFloats());
  }
}
