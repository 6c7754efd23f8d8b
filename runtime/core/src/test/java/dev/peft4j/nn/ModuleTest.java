package dev.peft4j.nn;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.peft4j.annotation.CheckpointName;
import dev.peft4j.annotation.OutputHead;
import dev.peft4j.data.Shape;
import dev.peft4j.data.Storage;
import dev.peft4j.io.StateDictException;
import dev.peft4j.tensor.Tensor;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SequencedMap;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

class ModuleTest {

  static class Attention extends Module {
    final Linear qProj = new Linear(4, 4, false);
    final Linear kProj = new Linear(4, 4, false);

    @CheckpointName("LayerNorm")
    final LayerNorm norm = new LayerNorm(4);
  }

  static class Base extends Module {
    private final Linear inherited = new Linear(2, 4);
    protected final Parameter scale = new Parameter(new float[] {1}, 1);
  }

  record Heads(Linear left, List<Linear> others, String label) {}

  static class Model extends Base {
    private static final Linear NOT_A_CHILD = new Linear(9, 9);
    final Attention attention = new Attention();
    final List<Attention> layers = List.of(new Attention(), new Attention());
    final SequencedMap<String, Linear> byName = new LinkedHashMap<>();
    final Heads heads = new Heads(new Linear(4, 1), List.of(new Linear(4, 2)), "no module");
    final Layer activation = new Relu();
    final int width = 4;
    final @Nullable Linear absent = null;

    @OutputHead final Linear lmHead = new Linear(4, 8);
    private final Parameter shift = new Parameter(new float[] {0}, 1);

    Model() {
      byName.put("second", new Linear(1, 1));
      byName.put("first", new Linear(1, 1));
    }
  }

  @Test
  void childrenAreTheFieldsInDeclarationOrderSuperclassFirst() {
    assertThat(new Model().children().keySet())
        .containsExactly(
            "inherited",
            "attention",
            "layers.0",
            "layers.1",
            "by_name.second",
            "by_name.first",
            "heads.left",
            "heads.others.0",
            "activation",
            "lm_head");
  }

  @Test
  void parametersComeInTorchsOrderOwnOnesFirst() {
    assertThat(new Model().namedParameters().stream().map(NamedParameter::name))
        .startsWith(
            "scale",
            "shift",
            "inherited.weight",
            "inherited.bias",
            "attention.q_proj.weight",
            "attention.k_proj.weight",
            "attention.LayerNorm.weight",
            "attention.LayerNorm.bias",
            "layers.0.q_proj.weight")
        .endsWith("heads.others.0.bias", "lm_head.weight", "lm_head.bias")
        .doesNotHaveDuplicates()
        .hasSize(2 + 2 + 3 * 4 + 4 + 4 + 2);
  }

  @Test
  void modulesHavePathsParentsFirst() {
    assertThat(new Model().namedModules().stream().map(NamedModule::name))
        .startsWith("", "inherited", "attention", "attention.q_proj", "attention.k_proj")
        .containsSubsequence("layers.0", "layers.0.q_proj", "layers.1", "layers.1.q_proj");
  }

  @Test
  void outputHeadsAreTheMarkedChildren() {
    assertThat(new Model().outputHeads()).containsExactly("lm_head");
    assertThat(new Attention().outputHeads()).isEmpty();
  }

  @Test
  void theParametersOfALayer() {
    assertThat(new Linear(2, 3).stateShapes())
        .containsExactly(Map.entry("weight", Shape.of(3, 2)), Map.entry("bias", Shape.of(3)));
    assertThat(new Linear(2, 3, false).stateShapes()).containsOnlyKeys("weight");
    assertThat(new Embedding(5, 2).stateShapes())
        .containsExactly(Map.entry("weight", Shape.of(5, 2)));
    assertThat(new Conv2d(2, 3, 5).stateShapes())
        .containsExactly(Map.entry("weight", Shape.of(3, 2, 5, 5)), Map.entry("bias", Shape.of(3)));
    assertThat(new LayerNorm(3).stateShapes()).containsOnlyKeys("weight", "bias");
    assertThat(new LayerNorm(3, 1e-5f, false).stateShapes()).containsOnlyKeys("weight");
    assertThat(new RmsNorm(3).stateShapes()).containsOnlyKeys("weight");
    assertThat(new Dropout(0.5).stateShapes()).isEmpty();
  }

  @Test
  void sequentialNamesItsLayersByPosition() {
    Sequential s =
        new Sequential(
            new Linear(2, 3), new Relu(), new Sequential(new Linear(3, 1)), x -> x.mul(2));
    assertThat(s.stateDict().keySet())
        .containsExactly("0.weight", "0.bias", "2.0.weight", "2.0.bias");
    assertThat(s.forward(Tensor.zeros(5, 2)).shape()).isEqualTo(Shape.of(5, 1));
  }

  static class Tied extends Module {
    final Embedding embed = new Embedding(5, 3);
    final Head head = new Head(embed.weight());
    final Module again = embed;
  }

  static class Head extends Module {
    final Parameter weight;

    Head(Parameter weight) {
      this.weight = weight;
    }
  }

  @Test
  void tiedParametersAndSharedModulesAreListedOnce() {
    Tied m = new Tied();
    assertThat(m.stateDict().keySet()).containsExactly("embed.weight");
    assertThat(m.namedModules().stream().map(NamedModule::name))
        .containsExactly("", "embed", "head");
    assertThat(m.parameters()).containsExactly(m.embed.weight());
  }

  static class Array extends Module {
    final Linear[] layers = {new Linear(1, 1)};
  }

  static class InASet extends Module {
    final Set<Linear> layers = Set.of();
  }

  static class Perhaps extends Module {
    final Optional<Linear> layer = Optional.empty();
  }

  static class LeftOut extends Module {
    final transient Linear[] cache = {new Linear(1, 1)};
    final int[] numbers = {1};
    final Set<String> names = Set.of();
    final Linear layer = new Linear(1, 1);
  }

  @Test
  void modulesThatWouldNotBeFoundAreAnError() {
    for (Module m : List.of(new Array(), new InASet(), new Perhaps())) {
      assertThatThrownBy(m::children)
          .isInstanceOf(IllegalStateException.class)
          .hasMessageContaining("field 'layer")
          .hasMessageContaining("use a List or a Map");
    }
    assertThat(new LeftOut().children().keySet()).containsExactly("layer");
  }

  static class Ring extends Module {
    final List<Module> members = new ArrayList<>(List.of(this, new Linear(1, 1)));
  }

  @Test
  void aModuleThatHoldsItselfIsWalkedOnce() {
    assertThat(new Ring().namedModules().stream().map(NamedModule::name))
        .containsExactly("", "members.1");
  }

  @Test
  void modesReachEveryModule() {
    Model m = new Model();
    assertThat(m.training()).isTrue();
    m.eval();
    assertThat(m.namedModules()).noneMatch(n -> n.module().training());
    m.attention.train();
    assertThat(m.attention.qProj.training()).isTrue();
    assertThat(m.layers.getFirst().training()).isFalse();
    m.train();
    assertThat(m.namedModules()).allMatch(n -> n.module().training());
  }

  @Test
  void freezingReachesEveryParameter() {
    Model m = new Model();
    assertThat(m.trainableParameters()).hasSameSizeAs(m.parameters());
    m.freeze();
    assertThat(m.trainableParameters()).isEmpty();
    m.lmHead.unfreeze();
    assertThat(m.trainableParameters()).containsExactly(m.lmHead.weight(), m.lmHead.bias());
  }

  @Test
  void loadReplacesEveryValue() {
    Linear a = new Linear(3, 2);
    Linear b = new Linear(3, 2);
    Map<String, Storage> values = new LinkedHashMap<>();
    a.stateDict().forEach((name, p) -> values.put(name, p.own()));
    b.load(values);
    assertThat(b.weight().toFloats()).isEqualTo(a.weight().toFloats());
    assertThat(b.bias().toFloats()).isEqualTo(a.bias().toFloats());
    assertThat(b.weight().own().address()).isNotEqualTo(a.weight().own().address());
  }

  @Test
  void loadListsAllThatIsWrongAndReplacesNothing() {
    Sequential m = new Sequential(new Linear(3, 2), new Linear(2, 2));
    float[] before = m.stateDict().get("0.weight").toFloats();
    Map<String, Storage> values = new LinkedHashMap<>();
    values.put("0.weight", Storage.of(new float[6]));
    values.put("0.bias", Storage.of(new float[3]));
    values.put("1.weight", Storage.of(new float[4]));
    values.put("2.weight", Storage.of(new float[4]));
    assertThatThrownBy(() -> m.load(values))
        .isInstanceOf(StateDictException.class)
        .hasMessageContaining("Sequential")
        .hasMessageContaining("1 missing:\n    1.bias")
        .hasMessageContaining("0.bias: expected (2,), found (3,)")
        .hasMessageContaining("1 unexpected:\n    2.weight");
    assertThat(m.stateDict().get("0.weight").toFloats()).isEqualTo(before);
  }

  @Test
  void loadOfAnotherTypeReplacesNothing() {
    Linear m = new Linear(1, 1);
    float before = m.weight().item();
    Map<String, Storage> values = new LinkedHashMap<>();
    values.put("weight", Storage.of(before + 1));
    values.put("bias", Storage.of(new long[] {7}));
    assertThatThrownBy(() -> m.load(values)).isInstanceOf(IllegalArgumentException.class);
    assertThat(m.weight().item()).isEqualTo(before);
  }

  @Test
  void parametersPrintAsInPytorch() {
    Linear m = new Linear(2, 3);
    m.weight().set(0.5f, -1.25f, 0, 10, 2, 1);
    m.bias().set(0, 0, 0);
    m.bias().freeze();
    assertThat(m.namedParameters())
        .satisfiesExactly(
            w ->
                assertThat(w)
                    .hasToString(
                        """
                        weight
                        tensor([[ 0.5000, -1.2500],
                                [ 0.0000, 10.0000],
                                [ 2.0000,  1.0000]], requires_grad=True)\
                        """),
            b -> assertThat(b).hasToString("bias\ntensor([0., 0., 0.], requires_grad=False)"));
  }

  @Test
  void sizesThatMakeNoSenseAreErrors() {
    assertThatThrownBy(() -> new Linear(0, 3)).hasMessageContaining("Linear(0, 3)");
    assertThatThrownBy(() -> new Embedding(3, 0)).hasMessageContaining("Embedding(3, 0)");
    assertThatThrownBy(() -> new Conv2d(1, 1, 0)).hasMessageContaining("Conv2d(1, 1, 0, 1, 0)");
    assertThatThrownBy(() -> new Conv2d(1, 1, 1, 0, 0)).hasMessageContaining("at least 1");
    assertThatThrownBy(() -> new LayerNorm(0)).isInstanceOf(IllegalArgumentException.class);
    assertThatThrownBy(() -> new RmsNorm(0)).isInstanceOf(IllegalArgumentException.class);
  }

  @Test
  void aLayerNormWithoutBiasAddsNothing() {
    Tensor x = Tensor.of(new float[] {1, 2, 4, -3, 0, 5}, 2, 3);
    LayerNorm with = new LayerNorm(3, 1e-5f);
    LayerNorm without = new LayerNorm(3, 1e-5f, false);
    assertThat(without.forward(x).toFloats()).isEqualTo(with.forward(x).toFloats());
    assertThat(without.toString()).contains("bias=False");
    without.forward(x).square().sum().backward();
    with.forward(x).square().sum().backward();
    assertThat(without.parameters().getFirst().grad().toFloats())
        .isEqualTo(with.parameters().getFirst().grad().toFloats());
  }

  @CheckpointName("base")
  static class Named extends Module {
    final Linear fc = new Linear(1, 1, false);
  }

  static class Below extends Named {}

  static class Headed<M extends Module> extends Module {
    @CheckpointName(CheckpointName.OF_CLASS)
    final M any;

    Headed(M any) {
      this.any = any;
    }
  }

  @Test
  void aFieldMayTakeItsNameFromTheClassOfItsModule() {
    assertThat(new Headed<>(new Named()).stateShapes()).containsOnlyKeys("base.fc.weight");
    assertThat(new Headed<>(new Below()).stateShapes()).containsOnlyKeys("base.fc.weight");
    assertThatThrownBy(() -> new Headed<>(new Linear(1, 1)).stateShapes())
        .hasMessageContaining("dev.peft4j.nn.Linear has no @CheckpointName");
  }
}
