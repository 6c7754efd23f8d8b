package dev.peft4j.tuner;

import dev.peft4j.data.Rng;
import dev.peft4j.nn.LayerNorm;
import dev.peft4j.nn.Linear;
import dev.peft4j.nn.Module;
import dev.peft4j.nn.NamedParameter;
import dev.peft4j.nn.Parameter;
import dev.peft4j.tensor.Tensor;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Predicate;

/** Models and helpers of these tests. */
final class Nets {
  private Nets() {}

  /** One linear layer, 2 to 4. */
  static final class Base extends Module {
    final Linear linear = new Linear(2, 4);

    Tensor forward(Tensor x) {
      return linear.forward(x);
    }
  }

  /** The model of peft's golden cases. */
  static class Mlp extends Module {
    final Linear fc1 = new Linear(16, 32);
    final Linear fc2 = new Linear(32, 32, false);
    final Linear head = new Linear(32, 8);
    final LayerNorm norm = new LayerNorm(32);

    Tensor forward(Tensor x) {
      return head.forward(fc2.forward(norm.forward(fc1.forward(x).relu())).gelu());
    }
  }

  /** A list of blocks below another module, as transformers have it. */
  static final class Tower extends Module {
    final Body body = new Body();
    final Linear lmHead = new Linear(4, 9);
  }

  static final class Body extends Module {
    final List<Block> layers = List.of(new Block(), new Block(), new Block());
  }

  static final class Block extends Module {
    final Linear qProj = new Linear(4, 4);
    final Linear vProj = new Linear(4, 4);
  }

  static Mlp mlp(long seed) {
    return Rng.with(seed, Mlp::new);
  }

  static Tensor input(long seed, int rows, int columns) {
    return Tensor.of(new Rng(seed).normal(rows * columns, 0, 1), rows, columns);
  }

  /** Gives every trainable parameter other values, so that each counts. */
  static void disturb(PeftModel model, long seed) {
    Rng rng = new Rng(seed);
    for (Parameter p : model.trainableParameters()) {
      float[] v = p.own().toFloats();
      float[] noise = rng.normal(v.length, 0, 0.1f);
      for (int i = 0; i < v.length; i++) {
        v[i] += noise[i];
      }
      p.set(v);
    }
  }

  /** Values by name of the parameters that {@code which} names. */
  static Map<String, float[]> values(List<NamedParameter> parameters, Predicate<String> which) {
    Map<String, float[]> values = new LinkedHashMap<>();
    for (NamedParameter p : parameters) {
      if (which.test(p.name())) {
        values.put(p.name(), p.parameter().own().toFloats());
      }
    }
    return values;
  }

  static float largestDifference(float[] a, float[] b) {
    if (a.length != b.length) {
      throw new AssertionError(a.length + " and " + b.length + " numbers");
    }
    float largest = 0;
    for (int i = 0; i < a.length; i++) {
      largest = Math.max(largest, Math.abs(a[i] - b[i]));
    }
    return largest;
  }
}
