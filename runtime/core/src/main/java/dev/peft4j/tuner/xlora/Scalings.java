package dev.peft4j.tuner.xlora;

import dev.peft4j.tensor.Tensor;
import java.util.function.Supplier;

/** The scalings of a pass: (batch, tokens, layers or 1, experts). */
final class Scalings {
  private static final ScopedValue<Tensor> NOW = ScopedValue.newInstance();

  private Scalings() {}

  static <T> T with(Tensor scalings, Supplier<T> body) {
    return ScopedValue.where(NOW, scalings).call(body::get);
  }

  /**
   * Returns those of a layer, (batch, tokens, experts).
   *
   * @param path of the layer, for the message
   */
  static Tensor of(int layer, String path) {
    if (!NOW.isBound()) {
      throw new IllegalStateException(
          "X-LoRA: '" + path + "' is outside of the model's layers, where nothing is mixed");
    }
    Tensor all = NOW.get();
    int at = all.dim(2) == 1 ? 0 : layer;
    return all.slice(2, at, at + 1).reshape(all.dim(0), all.dim(1), all.dim(3));
  }

  /** Returns the scalings of the experts that are chosen, and 0 for the others. */
  static Tensor chosen(Tensor scalings, XloraConfig config) {
    int n = scalings.dim(2);
    Tensor s = scalings;
    if (config.topK() > 0) {
      s = s.mul(among(s, config.topK(), n));
    }
    if (config.softmaxOfTop()) {
      Tensor zero = s.eq(0f);
      s = s.maskedFill(zero, -Float.MAX_VALUE).softmax(-1).maskedFill(zero, 0);
    }
    return s;
  }

  /** 1 where fewer than k are larger; of equal ones the first count as larger. */
  private static Tensor among(Tensor s, int k, int n) {
    Tensor fixed = s.detach();
    int b = s.dim(0);
    int t = s.dim(1);
    Tensor own = fixed.reshape(b, t, n, 1);
    Tensor other = fixed.reshape(b, t, 1, n);
    float[] before = new float[n * n];
    for (int i = 0; i < n * n; i++) {
      before[i] = i % n < i / n ? 1 : 0;
    }
    Tensor ties = other.eq(own).mul(Tensor.of(before, 1, 1, n, n));
    return other.gt(own).add(ties).sum(3).lt(k);
  }
}
