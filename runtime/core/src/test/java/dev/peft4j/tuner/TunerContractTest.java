package dev.peft4j.tuner;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.peft4j.data.Rng;
import dev.peft4j.io.AdapterConfig;
import dev.peft4j.nn.Conv1d;
import dev.peft4j.nn.Conv2d;
import dev.peft4j.nn.Conv3d;
import dev.peft4j.nn.Embedding;
import dev.peft4j.nn.Initial;
import dev.peft4j.nn.Layer;
import dev.peft4j.nn.LayerNorm;
import dev.peft4j.nn.Linear;
import dev.peft4j.nn.Module;
import dev.peft4j.nn.MultiheadAttention;
import dev.peft4j.nn.NamedParameter;
import dev.peft4j.nn.Parameter;
import dev.peft4j.nn.RmsNorm;
import dev.peft4j.nn.TransposedLinear;
import dev.peft4j.optim.AdamW;
import dev.peft4j.random.Noise;
import dev.peft4j.tensor.Tensor;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.provider.MethodSource;

/** What holds for every tuner that is available, on each type of layer that it adapts. */
@ParameterizedClass(name = "{0}")
@MethodSource("cases")
class TunerContractTest {
  /** A tuner on a layer type, with settings of its own. */
  record Case(Tuner<?> tuner, Class<? extends Module> layer, String settings) {
    @Override
    public String toString() {
      return tuner.peftType() + " on " + layer.getSimpleName() + " " + settings;
    }

    /**
     * Some gradients are not those of the whole function: peft takes a part of it for a constant.
     */
    boolean comparesGradients(String parameter) {
      boolean crossed = // peft takes the other product's factors for these
          settings.contains("use_effective_conv2d") && parameter.matches(".*\\.hada_w[12]_a\\..*");
      boolean projected = settings.contains("velora") && parameter.contains("lora_A");
      boolean twice = parameter.contains("out_proj.lora_"); // once of two is a constant to it
      return !crossed
          && !twice
          && !projected
          && ContractSettings.comparesGradients(tuner.peftType(), parameter)
          && (!settings.contains("dora") || parameter.contains("magnitude"));
    }
  }

  /** Some adapters change the model from the start, in peft, too. */
  private boolean startsElsewhere() {
    String s = tested.settings;
    return tested.tuner.peftType().equals("HRA")
            && (s.contains("'r': 3".replace('\'', '"')) || s.contains("GS"))
        || ContractSettings.startsElsewhere(tested.tuner.peftType())
        || s.contains("para")
        || s.contains("kasa")
        || turnsPatches();
  }

  /** What some tuners compute depends on more than a weight can hold. */
  private boolean merges() {
    return !Set.of("LILY", "POLY").contains(tested.tuner.peftType());
  }

  /** peft puts rotated patches together otherwise than it merges them. */
  private boolean turnsPatches() {
    return tested.tuner.peftType().equals("OFT") && tested.layer == Conv2d.class;
  }

  private static final Set<Class<?>> LINEAR = Set.of(Linear.class, TransposedLinear.class);

  /** Settings that change what a tuner computes, and for which layers they are. */
  private static List<String> variants(String peftType, Class<? extends Module> layer) {
    List<String> all = new ArrayList<>(List.of("{}"));
    if (peftType.equals("LORA") && layer == Linear.class) {
      all.add("{'use_bdlora': {'target_modules_bd_a': ['target'], 'nblocks': 2}}");
      all.add("{'use_bdlora': {'target_modules_bd_b': ['target'], 'nblocks': 2}}");
      all.add("{'velora_config': {'num_groups': 4, 'init_type': 'random'}}");
      all.add("{'kasa_config': {'beta': 0.001}}");
    }
    switch (peftType) {
      case "LORA" -> {
        if (layer == MultiheadAttention.class) {
          all.add("{'use_rslora': true, 'init_lora_weights': 'gaussian'}");
          return all;
        }
        all.add("{'use_dora': true, 'use_rslora': true}");
        if (layer != Embedding.class) {
          all.add("{'lora_bias': true, 'bias': 'lora_only'}");
        }
        if (LINEAR.contains(layer)) {
          all.add("{'init_lora_weights': 'pissa'}");
          all.add("{'init_lora_weights': 'pissa', 'use_dora': true}");
          all.add("{'init_lora_weights': 'pissa_niter_3'}");
          all.add("{'init_lora_weights': 'olora'}");
          all.add("{'init_lora_weights': 'orthogonal'}");
          all.add("{'init_lora_weights': 'mica'}");
        }
      }
      case "LOHA" -> {
        all.add("{'rank_pattern': {'target': 3}, 'alpha_pattern': {'target': 5}}");
        if (layer != Linear.class) {
          all.add("{'use_effective_conv2d': true, 'alpha': 20}");
        }
      }
      case "IA3" -> all.add("{'feedforward_modules': ['target']}");
      case "LOKR" -> {
        all.add("{'decompose_both': true, 'r': 1, 'init_weights': 'lycoris'}");
        all.add("{'decompose_factor': 2, 'alpha_pattern': {'target': 5}}");
        if (layer != Linear.class) {
          all.add("{'r': 1}"); // a right factor of two
        }
        if (layer == Conv2d.class) {
          all.add("{'use_effective_conv2d': true, 'r': 1, 'decompose_factor': 1}");
        }
      }
      case "OFT" -> {
        all.add("{'use_cayley_neumann': false}");
        all.add("{'block_share': true, 'num_cayley_neumann_terms': 3}");
        all.add("{'r': 0, 'oft_block_size': 2, 'num_cayley_neumann_terms': 7}");
      }
      case "BOFT" -> all.add("{'boft_block_size': 0, 'boft_block_num': 1}");
      case "HRA" -> {
        all.add("{'r': 3}");
        all.add("{'r': 2, 'apply_GS': true, 'init_weights': false}");
      }
      case "MISS" -> {
        all.add("{'r': 4}"); // fills the input up with zeros
        all.add("{'init_weights': 'bat'}");
        all.add("{'init_weights': 'mini', 'mini_r': 2}");
      }
      case "ROAD" -> {
        all.add("{'variant': 'road_2'}");
        all.add("{'variant': 'road_4'}");
      }
      case "HIRA" -> all.add("{'init_weights': 'gaussian'}");
      case "GRALORA" -> all.add("{'hybrid_r': 2, 'alpha': 8}");
      case "PSOFT" -> {
        all.add("{'psoft_orth': false, 'psoft_mag_a': false, 'ab_svd_init': 'pissa_init'}");
        all.add("{'use_cayley_neumann': true, 'cayley_neumann_eps': 0.05}");
        all.add("{'psoft_svd': 'lowrank', 'psoft_svd_lowrank_niter': 2}");
      }
      case "DEFT" -> {
        all.add("{'decomposition_method': 'qr', 'alpha': 6}");
        all.add("{'decomposition_method': 'qr', 'para': true}");
      }
      case "GLORA" -> {
        all.add("{'config_A_B': 'vector', 'config_C': 'vector', 'config_D_E': 'vector'}");
        all.add("{'config_A_B': 'constant', 'config_C': 'none', 'config_D_E': 'none'}");
        all.add("{'config_A_B': 'none'}");
      }
      case "PEANUT" -> all.add("{'depth': 1, 'act_fn': 'tanh', 'scaling': 0.5}");
      case "SUPERTUNING" -> {
        all.add("{'r': null, 'select_top': false}");
        all.add("{'r': null, 'save_precomputed_indices': false}");
      }
      case "LILY" -> all.add("{'num_B': 3, 'scaling': 2.0}");
      case "POLY" -> all.add("{'n_splits': 2, 'n_skills': 2}");
      default -> all.addAll(ContractSettings.variants(peftType));
    }
    return all;
  }

  /** A model whose layer {@code target} is adapted; what follows it is not. */
  static final class Net extends Module {
    final Module target;
    final Linear head;
    private final UnaryOperator<Tensor> middle;

    Net(Module target, UnaryOperator<Tensor> middle, int width) {
      this.target = target;
      this.middle = middle;
      this.head = new Linear(width, 3);
    }

    Tensor forward(Tensor x) {
      return head.forward(middle.apply(x).tanh());
    }
  }

  static List<Case> cases() {
    List<Case> cases = new ArrayList<>();
    for (Tuner<?> tuner : Tuner.all()) {
      for (Class<? extends Module> layer : tuner.layerTypes()) {
        variants(tuner.peftType(), layer)
            .forEach(v -> cases.add(new Case(tuner, layer, v.replace('\'', '"'))));
      }
    }
    return cases;
  }

  private final Case tested;
  private final PeftConfig config;
  private final Net base;
  private final AdaptedModel<Net> model;
  private final Tensor x;
  private final Tensor y = Nets.input(8, 5, 3);
  private @TempDir Path folder;

  TunerContractTest(Case tested) throws IOException {
    this.tested = tested;
    this.config = config(tested);
    this.base = net(1);
    this.model = Rng.with(2, () -> PeftModel.of(base, config));
    this.x = input(tested.layer);
  }

  private static Tensor input(Class<? extends Module> layer) {
    if (layer == Conv2d.class) {
      return Tensor.of(new Rng(7).normal(5 * 2 * 6 * 6, 0, 1), 5, 2, 6, 6);
    }
    if (layer == Conv3d.class) {
      return Tensor.of(new Rng(7).normal(5 * 2 * 4 * 4 * 4, 0, 1), 5, 2, 4, 4, 4);
    }
    if (layer == Conv1d.class) {
      return Tensor.of(new Rng(7).normal(5 * 2 * 6, 0, 1), 5, 2, 6);
    }
    return layer == Embedding.class
        ? Tensor.of(new long[] {3, 0, 9, 9, 4}, 5)
        : Nets.input(7, 5, 6);
  }

  /** The tuner's defaults, as a file gives them that says no more than it has to. */
  private static PeftConfig config(Case c) throws IOException {
    ObjectNode tree = JsonNodeFactory.instance.objectNode();
    tree.put("peft_type", c.tuner.peftType());
    tree.put("r", 2);
    if (c.tuner.peftType().equals("OFT")) {
      tree.put("oft_block_size", 0); // it follows from r
    }
    tree.put("init_r", 2).put("total_step", 10);
    tree.put("sparsity", 0.5);
    tree.put("boft_block_size", 2);
    tree.put("group_size", 2);
    tree.putArray("target_modules").add("target");
    tree.putArray("token_indices").add(3).add(0);
    tree.setAll(ContractSettings.small(c.tuner.peftType()));
    tree.setAll((ObjectNode) new ObjectMapper().readTree(c.settings));
    return c.tuner.read(AdapterConfig.of(tree));
  }

  private Net net(long seed) {
    Net made = made(seed);
    if (ContractSettings.drawsInTraining(tested.tuner.peftType())) {
      made.eval();
    }
    return made;
  }

  private Net made(long seed) {
    return Rng.with(
        seed,
        () -> {
          if (tested.layer == Linear.class) {
            Linear l = new Linear(6, 4);
            return new Net(
                l, tested.tuner.peftType().equals("POLY") ? in -> byTask(l, in) : l::forward, 4);
          }
          if (tested.layer == TransposedLinear.class) {
            TransposedLinear l =
                new TransposedLinear(
                    Initial.normal(Rng.current(), 0.4f, 6, 4),
                    Initial.normal(Rng.current(), 0.4f, 4));
            return new Net(l, l::forward, 4);
          }
          if (tested.layer == LayerNorm.class || tested.layer == RmsNorm.class) {
            Module m = tested.layer == LayerNorm.class ? new LayerNorm(6) : new RmsNorm(6);
            return new Net(m, ((Layer) m)::forward, 6);
          }
          if (tested.layer == MultiheadAttention.class) {
            MultiheadAttention a = new MultiheadAttention(6, 2);
            return new Net(a, in -> a.forward(in.reshape(1, 5, 6), null, false).reshape(5, 6), 6);
          }
          if (tested.layer == Conv1d.class) {
            Conv1d c = new Conv1d(2, 4, 3, 2, 1);
            return new Net(c, in -> c.forward(in).mean(2), 4);
          }
          if (tested.layer == Embedding.class) {
            Embedding e = new Embedding(10, 4);
            return new Net(e, e::forward, 4);
          }
          if (tested.layer == Conv2d.class) {
            Conv2d c = new Conv2d(2, 4, 3, 2, 1);
            return new Net(c, in -> c.forward(in).mean(2, 3), 4);
          }
          if (tested.layer == Conv3d.class) {
            Conv3d c = new Conv3d(2, 4, 2, 2, 1);
            return new Net(c, in -> c.forward(in).sum(2, 3, 4), 4);
          }
          throw new AssertionError("write a contract model for " + tested.layer);
        });
  }

  /** One token in each of five rows, of tasks, with the same random numbers in each call. */
  private static Tensor byTask(Linear layer, Tensor x) {
    long[] tasks = {0, 0, 0, 0, 0};
    float[] drawn = new Rng(4).uniform(100, 0.1f, 0.9f);
    return Noise.with(
        n -> Arrays.copyOf(drawn, n),
        () ->
            CallInputs.with(
                "task_ids",
                Tensor.of(tasks),
                () -> layer.forward(x.reshape(5, 1, 6)).reshape(5, 4)));
  }

  private Tensor loss() {
    return base.forward(x).mseLoss(y);
  }

  @Test
  void startsAsTheIdentity() {
    float[] adapted = base.forward(x).toFloats();
    float[] plain = model.withoutAdapter(() -> base.forward(x).toFloats());
    if (!startsElsewhere()) {
      assertThat(Nets.largestDifference(adapted, plain)).isLessThan(2e-6f);
    }
    assertThat(net(1).forward(x).toFloats()).isEqualTo(plain);
  }

  @Test
  void changesTheOutputOnceItIsNotTheIdentity() {
    float[] before = model.withoutAdapter(() -> base.forward(x).toFloats());
    Nets.disturb(model, 3);
    assertThat(Nets.largestDifference(base.forward(x).toFloats(), before)).isGreaterThan(1e-4f);
    assertThat(model.withoutAdapter(() -> base.forward(x).toFloats())).isEqualTo(before);
  }

  @Test
  void theBaseHasNoGradients() {
    Nets.disturb(model, 3);
    loss().backward();
    assertThat(base.parameters()).allSatisfy(p -> assertThat(p.grad()).isNull());
    assertThat(model.trainableParameters())
        .isNotEmpty()
        .allSatisfy(p -> assertThat(p.grad()).isNotNull());
  }

  @Test
  void trainingMovesEveryParameterOfTheAdapterAndNothingElse() {
    Map<String, float[]> before = Nets.values(model.namedParameters(), n -> true);
    float first = loss().item();
    AdamW optimizer = AdamW.of(model.trainableParameters(), 1e-2f);
    for (int i = 0; i < 5; i++) {
      loss().backward();
      optimizer.step();
    }
    assertThat(loss().item()).isLessThan(first);
    for (NamedParameter p : model.namedParameters()) {
      float[] now = p.parameter().own().toFloats();
      if (p.parameter().trainable()) {
        assertThat(now).as(p.name()).isNotEqualTo(before.get(p.name()));
      } else {
        assertThat(now).as(p.name()).isEqualTo(before.get(p.name()));
      }
    }
  }

  @Test
  void gradientsAreThoseOfFiniteDifferences() {
    Nets.disturb(model, 3);
    boolean curved =
        Set.of("DEFT", "GRALORA").contains(tested.tuner.peftType())
            || tested.settings.contains("bdlora")
            || tested.layer == Conv3d.class
            || tested.layer == MultiheadAttention.class;
    loss().backward();
    for (NamedParameter named : model.namedParameters()) {
      Parameter p = named.parameter();
      if (!p.trainable() || !tested.comparesGradients(named.name())) {
        continue;
      }
      float[] gradient = p.grad().toFloats();
      float[] values = p.own().toFloats();
      for (int i = 0; i < values.length; i++) {
        float h = curved ? 1e-3f : 1e-2f;
        double up = lossWith(p, values, i, h);
        double down = lossWith(p, values, i, -h);
        assertThat((double) gradient[i])
            .as("%s[%d]", named.name(), i)
            .isCloseTo((up - down) / (2 * h), within(1e-3 + 0.01 * Math.abs(gradient[i])));
      }
    }
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
  void mergedEqualsUnmerged() {
    Nets.disturb(model, 3);
    if (!merges()) {
      assertThatThrownBy(model::merge).hasMessageContaining("cannot be merged");
      return;
    }
    Map<String, float[]> before = Nets.values(model.namedParameters(), n -> true);
    float[] unmerged = base.forward(x).toFloats();
    float[] plain = model.withoutAdapter(() -> base.forward(x).toFloats());
    model.merge();
    float[] merged = base.forward(x).toFloats();
    if (!turnsPatches()) {
      assertThat(Nets.largestDifference(merged, unmerged)).isLessThan(1e-5f);
    }
    assertThat(model.withoutAdapter(() -> base.forward(x).toFloats())).isEqualTo(plain);
    model.unmerge();
    Nets.values(model.namedParameters(), n -> true)
        .forEach((name, v) -> assertThat(v).as(name).isEqualTo(before.get(name)));
    assertThat(base.forward(x).toFloats()).isEqualTo(unmerged);
    model.mergeAndUnload();
    assertThat(base.forward(x).toFloats()).isEqualTo(merged);
    assertThat(base.namedParameters()).hasSameSizeAs(net(1).namedParameters());
  }

  @Test
  void filesKeepEverything() {
    Nets.disturb(model, 3);
    base.eval(); // as what is loaded is
    float[] expected = base.forward(x).toFloats();
    model.save(folder);
    Net other = net(1);
    AdaptedModel<Net> loaded = PeftModel.load(other, folder);
    assertThat(other.forward(x).toFloats()).isEqualTo(expected);
    assertThat(loaded.adapters().config("default")).isEqualTo(model.adapters().config("default"));
    Net third = net(1);
    PeftModel.of(third, config).load(folder);
    third.eval();
    assertThat(third.forward(x).toFloats()).isEqualTo(expected);
  }
}
