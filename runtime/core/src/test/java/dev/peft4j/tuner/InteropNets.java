package dev.peft4j.tuner;

import dev.peft4j.data.Rng;
import dev.peft4j.nn.Conv2d;
import dev.peft4j.nn.Embedding;
import dev.peft4j.nn.Linear;
import dev.peft4j.nn.Module;
import dev.peft4j.tensor.Tensor;
import java.util.List;
import java.util.function.UnaryOperator;

/** The models of interop.py. */
final class InteropNets {
  private InteropNets() {}

  /** A model and how it is called. */
  record Model(String kind, Module module, UnaryOperator<Tensor> forward) {
    static Model of(String kind) {
      return switch (kind) {
        case "mlp" -> {
          Nets.Mlp m = new Nets.Mlp();
          yield new Model(kind, m, m::forward);
        }
        case "tagger" -> {
          Tagger m = new Tagger();
          yield new Model(kind, m, m::forward);
        }
        case "conv" -> {
          ConvNet m = new ConvNet();
          yield new Model(kind, m, m::forward);
        }
        default -> throw new IllegalArgumentException(kind);
      };
    }

    Tensor input(Rng rng) {
      return switch (kind) {
        case "mlp" -> Tensor.of(rng.normal(5 * 16, 0, 1), 5, 16);
        case "conv" -> Tensor.of(rng.normal(2 * 2 * 5 * 5, 0, 1), 2, 2, 5, 5);
        default -> {
          long[] ids = new long[21];
          for (int i = 0; i < ids.length; i++) {
            ids[i] = Math.floorMod(rng.nextLong(), 11L);
          }
          yield Tensor.of(ids, 3, 7);
        }
      };
    }
  }

  static final class Attn extends Module {
    final Linear qProj = new Linear(6, 6);
    final Linear kProj = new Linear(6, 6);
    final Linear vProj = new Linear(6, 6, false);

    Tensor forward(Tensor x) {
      return vProj.forward(x).mul(qProj.forward(x).add(kProj.forward(x)).sigmoid());
    }
  }

  static final class Ffn extends Module {
    final Linear fc1 = new Linear(6, 10);
    final Linear fc2 = new Linear(10, 6);

    Tensor forward(Tensor x) {
      return fc2.forward(fc1.forward(x).relu());
    }
  }

  static final class Block extends Module {
    final Attn attn = new Attn();
    final Ffn mlp = new Ffn();

    Tensor forward(Tensor x) {
      Tensor y = x.add(attn.forward(x));
      return y.add(mlp.forward(y));
    }
  }

  static final class Body extends Module {
    final Embedding emb = new Embedding(11, 6);
    final List<Block> layers = List.of(new Block(), new Block(), new Block());

    Tensor forward(Tensor ids) {
      Tensor x = emb.forward(ids);
      for (Block b : layers) {
        x = b.forward(x);
      }
      return x;
    }
  }

  static final class Tagger extends Module {
    final Body body = new Body();
    final Linear score = new Linear(6, 4);

    Tensor forward(Tensor ids) {
      return score.forward(body.forward(ids));
    }
  }

  static final class ConvNet extends Module {
    final Conv2d conv1 = new Conv2d(2, 4, 3);
    final Conv2d conv2 = new Conv2d(4, 3, 1);
    final Linear head = new Linear(3, 5);

    Tensor forward(Tensor x) {
      return head.forward(conv2.forward(conv1.forward(x).relu()).relu().mean(2, 3));
    }
  }
}
