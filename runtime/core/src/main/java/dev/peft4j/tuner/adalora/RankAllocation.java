package dev.peft4j.tuner.adalora;

import dev.peft4j.data.Storage;
import dev.peft4j.graph.Variable;
import dev.peft4j.nn.Parameter;
import dev.peft4j.optim.Optimizer;
import dev.peft4j.tensor.Tensor;
import dev.peft4j.tuner.AdapterTraining;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import java.util.SequencedMap;
import org.jspecify.annotations.Nullable;

/**
 * AdaLoRA's schedule: after each step it rates how much each rank of each layer matters, and takes
 * away those that matter least, until the budget of that step is met.
 *
 * <p>The importance of a weight is |w · dw|, smoothed; its uncertainty the smoothed distance of the
 * importance from its mean. A rank is rated by the product of both for its singular value plus the
 * means over its two vectors.
 */
final class RankAllocation implements AdapterTraining {
  private static final String IMPORTANCE = "importance";
  private static final String UNCERTAINTY = "uncertainty";
  private static final String LEFT = "left";

  private final AdaLoraConfig config;
  private final List<AdaLoraLayer> layers;
  private final Map<Parameter, Tensor> gradients = new IdentityHashMap<>();

  RankAllocation(AdaLoraConfig config, SequencedMap<String, ?> layers) {
    this.config = config;
    this.layers = new ArrayList<>();
    layers.values().forEach(l -> this.layers.add((AdaLoraLayer) l));
  }

  /** The mean over all factors of how far they are from orthonormal (equation 4 of the paper). */
  @Override
  public @Nullable Tensor addedLoss() {
    if (config.orthRegWeight() == 0) {
      return null;
    }
    Tensor sum = null;
    for (AdaLoraLayer l : layers) {
      Tensor both =
          distance(l.a().matmul(l.a().transpose(0, 1)))
              .add(distance(l.b().transpose(0, 1).matmul(l.b())));
      sum = sum == null ? both : sum.add(both);
    }
    return sum == null ? null : sum.mul((float) (config.orthRegWeight() / (2 * layers.size())));
  }

  private static Tensor distance(Tensor products) {
    return products.sub(Tensor.eye(products.dim(0))).square().sum().sqrt();
  }

  /** The number of ranks that all layers may have together at a step. */
  int budget(long step) {
    int all = layers.stream().mapToInt(l -> l.a().dim(0)).sum();
    int target = config.targetR() * layers.size();
    int last = config.totalStep() - config.tfinal();
    if (step <= config.tinit()) {
      return all;
    }
    if (step > last) {
      return target;
    }
    double rest = 1 - (double) (step - config.tinit()) / (last - config.tinit());
    return (int) ((all - target) * (rest * rest * rest) + target);
  }

  @Override
  public void beforeStep(Optimizer optimizer) {
    gradients.clear();
    if (optimizer.steps() + 1 < config.totalStep() - config.tfinal()) {
      for (AdaLoraLayer l : layers) {
        for (Parameter p : List.of(l.a(), l.b(), l.e())) {
          Tensor g = p.grad();
          if (g != null) {
            gradients.put(p, g.retain());
          }
        }
      }
    }
  }

  @Override
  public void afterStep(Optimizer optimizer) {
    long step = optimizer.steps();
    long last = config.totalStep() - config.tfinal();
    Map<Parameter, SequencedMap<String, Variable>> states = states(optimizer);
    if (step < last) {
      gradients.forEach((p, g) -> rate(p, g, states));
      if (step > config.tinit() && step % config.deltaT() == 0) {
        allocate(step, states);
      }
    } else if (step == last) {
      allocate(step, states);
      layers.forEach(l -> l.left(decided(l, states)));
    } else {
      layers.forEach(l -> mask(l, decided(l, states)));
      layers.forEach(l -> l.left(decided(l, states)));
    }
    gradients.clear();
  }

  private static Map<Parameter, SequencedMap<String, Variable>> states(Optimizer optimizer) {
    Map<Parameter, SequencedMap<String, Variable>> states = new IdentityHashMap<>();
    for (int i = 0; i < optimizer.parameters().size(); i++) {
      states.put(optimizer.parameters().get(i), optimizer.states().get(i));
    }
    return states;
  }

  private void rate(
      Parameter p, Tensor gradient, Map<Parameter, SequencedMap<String, Variable>> states) {
    SequencedMap<String, Variable> state = states.get(p);
    if (state == null) {
      return; // another optimizer's
    }
    float[] w = p.own().toFloats();
    float[] g = gradient.toFloats();
    float[] importance = read(state, IMPORTANCE, w.length);
    float[] uncertainty = read(state, UNCERTAINTY, w.length);
    float beta1 = (float) config.beta1();
    float beta2 = (float) config.beta2();
    float rest1 = (float) (1 - config.beta1());
    float rest2 = (float) (1 - config.beta2());
    for (int i = 0; i < w.length; i++) {
      float now = Math.abs(w[i] * g[i]);
      importance[i] = beta1 * importance[i] + rest1 * now;
      uncertainty[i] = beta2 * uncertainty[i] + rest2 * Math.abs(now - importance[i]);
    }
    write(state, IMPORTANCE, p, importance);
    write(state, UNCERTAINTY, p, uncertainty);
  }

  private static float[] read(SequencedMap<String, Variable> state, String name, int n) {
    Variable v = state.get(name);
    return v == null ? new float[n] : v.storage().toFloats();
  }

  private static void write(
      SequencedMap<String, Variable> state, String name, Parameter p, float[] values) {
    state.put(name, new Variable(p.name() + "." + name, Storage.of(values), p.shape(), false));
  }

  /** Takes away what exceeds the budget: its singular values become zero. */
  private void allocate(long step, Map<Parameter, SequencedMap<String, Variable>> states) {
    List<float[]> scores = new ArrayList<>();
    int n = 0;
    for (AdaLoraLayer l : layers) {
      float[] s = scores(l, states);
      scores.add(s);
      n += s.length;
    }
    int fewer = n - budget(step);
    float threshold = fewer < 1 ? Float.NEGATIVE_INFINITY : nth(scores, n, fewer);
    for (int i = 0; i < layers.size(); i++) {
      float[] s = scores.get(i);
      boolean[] left = new boolean[s.length];
      for (int k = 0; k < s.length; k++) {
        left[k] = s[k] > threshold;
      }
      AdaLoraLayer l = layers.get(i);
      mask(l, left);
      float[] numbers = new float[left.length];
      for (int k = 0; k < left.length; k++) {
        numbers[k] = left[k] ? 1 : 0;
      }
      SequencedMap<String, Variable> state = states.get(l.e());
      if (state != null) {
        write(state, LEFT, l.e(), numbers);
      }
    }
  }

  private static float nth(List<float[]> scores, int n, int which) {
    float[] all = new float[n];
    int at = 0;
    for (float[] s : scores) {
      System.arraycopy(s, 0, all, at, s.length);
      at += s.length;
    }
    Arrays.sort(all);
    return all[which - 1];
  }

  private static float[] scores(
      AdaLoraLayer l, Map<Parameter, SequencedMap<String, Variable>> states) {
    int r = l.a().dim(0);
    float[] ofA = products(l.a(), states);
    float[] ofB = products(l.b(), states);
    float[] ofE = products(l.e(), states);
    int in = l.a().dim(1);
    int out = l.b().dim(0);
    float[] scores = new float[r];
    for (int k = 0; k < r; k++) {
      double a = 0;
      for (int j = 0; j < in; j++) {
        a += ofA[k * in + j];
      }
      double b = 0;
      for (int j = 0; j < out; j++) {
        b += ofB[j * r + k];
      }
      scores[k] = ofE[k] + ((float) (a / in) + (float) (b / out));
    }
    return scores;
  }

  private static float[] products(
      Parameter p, Map<Parameter, SequencedMap<String, Variable>> states) {
    int n = p.shape().size();
    SequencedMap<String, Variable> state = states.get(p);
    if (state == null) {
      return new float[n];
    }
    float[] importance = read(state, IMPORTANCE, n);
    float[] uncertainty = read(state, UNCERTAINTY, n);
    for (int i = 0; i < n; i++) {
      importance[i] *= uncertainty[i];
    }
    return importance;
  }

  /** Which ranks the last allocation has left; all if there was none. */
  private static boolean[] decided(
      AdaLoraLayer l, Map<Parameter, SequencedMap<String, Variable>> states) {
    boolean[] left = new boolean[l.a().dim(0)];
    SequencedMap<String, Variable> state = states.get(l.e());
    Variable saved = state == null ? null : state.get(LEFT);
    if (saved == null) {
      Arrays.fill(left, true);
      return left;
    }
    float[] numbers = saved.storage().toFloats();
    for (int k = 0; k < left.length; k++) {
      left[k] = numbers[k] != 0;
    }
    return left;
  }

  private static void mask(AdaLoraLayer l, boolean[] left) {
    float[] values = l.e().own().toFloats();
    for (int k = 0; k < values.length; k++) {
      if (!left[k]) {
        values[k] = 0;
      }
    }
    l.e().set(Storage.of(values));
  }
}
