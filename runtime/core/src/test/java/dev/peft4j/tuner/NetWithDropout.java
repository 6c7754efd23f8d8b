package dev.peft4j.tuner;

import static org.assertj.core.api.Assertions.assertThat;

import dev.peft4j.data.Rng;
import dev.peft4j.fuzz.Attack;
import dev.peft4j.nn.Dropout;
import dev.peft4j.nn.Linear;
import dev.peft4j.nn.Module;
import dev.peft4j.nn.NamedParameter;
import dev.peft4j.nn.Parameter;
import dev.peft4j.optim.AdamW;
import dev.peft4j.optim.Optimizer;
import dev.peft4j.tensor.Tensor;
import dev.peft4j.tuner.lora.LoraConfig;
import java.util.List;
import java.util.function.Supplier;

/**
 * A small network with dropout in base and adapters, and loops that train it: what tests of threads
 * share.
 */
final class NetWithDropout {
  private NetWithDropout() {}

  static final class Net extends Module {
    final Linear in = new Linear(12, 24);
    final Dropout dropout = new Dropout(0.3);
    final Linear out = new Linear(24, 4);

    Tensor forward(Tensor x) {
      return out.forward(dropout.forward(in.forward(x).gelu()));
    }
  }

  static final LoraConfig CONFIG =
      LoraConfig.builder().targets("in", "out").r(4).dropout(0.1).build();
  static final int STEPS = Attack.rounds(40);

  static Tensor batch(long seed) {
    return Tensor.of(new Rng(seed).normal(8 * 12, 0, 1), 8, 12);
  }

  /** A model with the adapters t, which is active, and s and u, which are not. */
  static AdaptedModel<Net> model(Net net) {
    AdaptedModel<Net> m = Rng.with(1, () -> PeftModel.of(net, CONFIG, "t"));
    for (String name : List.of("s", "u")) {
      Rng.with(
          2,
          () -> {
            m.adapters().addMatching(name, CONFIG);
            return true;
          });
    }
    m.adapters().unfreeze("u");
    return m;
  }

  static AdaptedModel<Net> model() {
    return model(Rng.with(1, Net::new));
  }

  static List<Parameter> of(AdaptedModel<Net> m, String adapter) {
    return m.adapters().namedParameters().stream()
        .filter(p -> p.name().contains("." + adapter + "."))
        .map(NamedParameter::parameter)
        .toList();
  }

  static List<float[]> weights(AdaptedModel<Net> m, String adapter) {
    return of(m, adapter).stream().map(p -> p.own().toFloats()).toList();
  }

  static Supplier<Tensor> loss(AdaptedModel<Net> m, String adapter, long step) {
    return () -> m.withAdapter(adapter, () -> m.model().forward(batch(step))).square().mean();
  }

  /** A loop of one's own. */
  static void loop(AdaptedModel<Net> m, String adapter) {
    Optimizer optimizer = AdamW.of(of(m, adapter), 1e-2f);
    for (int i = 0; i < STEPS; i++) {
      loss(m, adapter, i).get().backward();
      optimizer.step();
    }
  }

  static void assertSame(List<float[]> found, List<float[]> expected) {
    assertThat(found).hasSameSizeAs(expected).isNotEmpty();
    for (int i = 0; i < found.size(); i++) {
      assertThat(found.get(i)).isEqualTo(expected.get(i));
    }
  }
}
