package dev.peft4j.tuner;

import dev.peft4j.data.Rng;
import dev.peft4j.nn.Linear;
import dev.peft4j.nn.Module;
import dev.peft4j.nn.Parameter;
import dev.peft4j.tensor.Tensor;
import dev.peft4j.tuner.lora.LoraConfig;
import java.util.List;
import java.util.function.Supplier;

/** Two blocks and a head: ids or features to three scores. */
final class Net extends Module {
  static final int IN = 6;
  static final int OUT = 3;

  /** Two linear layers with a sigmoid in between, added to the input. */
  static final class Block extends Module {
    final Linear qProj = new Linear(IN, 8);
    final Linear outProj = new Linear(8, IN);

    Tensor forward(Tensor x) {
      return x.add(outProj.forward(qProj.forward(x).sigmoid()));
    }
  }

  final List<Block> layers = List.of(new Block(), new Block());
  final Linear score = new Linear(IN, OUT);

  /** x (n, 6), result (n, 3). */
  Tensor forward(Tensor x) {
    Tensor y = x;
    for (Block b : layers) {
      y = b.forward(y);
    }
    return score.forward(y);
  }

  static Net seeded(long seed) {
    return Rng.with(seed, Net::new);
  }

  static <T> T seed(long seed, Supplier<T> body) {
    return Rng.with(seed, body);
  }

  static Tensor input(long seed, int n) {
    return Tensor.of(new Rng(seed).normal(n * IN, 0, 1), n, IN);
  }

  /** LoRA of rank 2 on every projection, B random, so that it changes what is computed. */
  static LoraConfig lora(String... targets) {
    return LoraConfig.builder()
        .r(2)
        .alpha(4)
        .init(dev.peft4j.annotation.Init.RANDOM)
        .targets(targets)
        .build();
  }

  static LoraConfig lora() {
    return lora("q_proj", "out_proj");
  }

  /** Gives an adapter other numbers, its copies included. */
  static void shake(PeftModel model, String adapter, long seed) {
    Rng rng = new Rng(seed);
    for (Parameter p : model.adapters().adapter(adapter).ownParameters()) {
      p.set(rng.normal(p.shape().size(), 0, 0.5f));
    }
  }
}
