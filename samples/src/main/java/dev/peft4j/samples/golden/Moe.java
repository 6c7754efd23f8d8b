package dev.peft4j.samples.golden;

import dev.peft4j.data.Rng;
import dev.peft4j.nn.ExpertWeights;
import dev.peft4j.nn.Linear;
import dev.peft4j.nn.Module;
import dev.peft4j.nn.Parameter;
import dev.peft4j.tensor.Tensor;

/** Three experts in bare parameters, which all act on each input, and a linear layer. */
final class Moe extends Module {
  private final Experts experts;
  private final Linear fc = new Linear(16, 8);

  Moe(boolean transposed) {
    experts = new Experts(transposed);
  }

  /** Returns the logits (n, 8) for x (n, 16). */
  Tensor forward(Tensor x) {
    return fc.forward(experts.forward(x));
  }

  /** The weights (experts, out, in), or (experts, in, out). */
  static final class Experts extends Module implements ExpertWeights {
    private final boolean transposed;
    private final Parameter up;
    private final Parameter down;
    private final Parameter gate;

    Experts(boolean transposed) {
      this.transposed = transposed;
      this.up = transposed ? random(3, 16, 24) : random(3, 24, 16);
      this.down = transposed ? random(3, 24, 16) : random(3, 16, 24);
      this.gate = random(3, 16);
    }

    private static Parameter random(int... shape) {
      int n = 1;
      for (int d : shape) {
        n *= d;
      }
      return new Parameter(Rng.current().normal(n, 0, 0.2f), shape);
    }

    @Override
    public boolean isTransposed() {
      return transposed;
    }

    Tensor forward(Tensor x) {
      String up1 = transposed ? "bd,edh->beh" : "bd,ehd->beh";
      String down1 = transposed ? "beh,ehd->bed" : "beh,edh->bed";
      Tensor y = Tensor.einsum(down1, Tensor.einsum(up1, x, up).relu(), down);
      return Tensor.einsum("be,bed->bd", x.matmul(gate.transpose(0, 1)).softmax(-1), y);
    }
  }
}
