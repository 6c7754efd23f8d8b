package dev.peft4j.tuner.adamss;

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
 * AdaMSS's adaptive allocation of subspaces: between two steps it rates how much each cluster of
 * each layer matters, and at intervals freezes all but the best ones for good.
 *
 * <p>The importance of a number is |w · dw|, smoothed; its uncertainty the smoothed distance of the
 * importance from its mean before that moved. A cluster is rated by the mean product of both over A
 * plus that over B.
 */
final class SubspaceAllocation implements AdapterTraining {
  private static final String IMPORTANCE = "importance";
  private static final String UNCERTAINTY = "uncertainty";
  private static final String FROZEN = "frozen";

  private final AdamssConfig config;
  private final List<Pair> pairs = new ArrayList<>();
  private final Map<Parameter, Tensor> gradients = new IdentityHashMap<>();

  /** The two matrices of a cluster. */
  private record Pair(Parameter a, Parameter b) {
    List<Parameter> both() {
      return List.of(a, b);
    }
  }

  /** A cluster's states in the optimizer. */
  private record Rated(
      Pair pair, SequencedMap<String, Variable> ofA, SequencedMap<String, Variable> ofB) {}

  SubspaceAllocation(AdamssConfig config, SequencedMap<String, ?> layers) {
    this.config = config;
    for (Object layer : layers.values()) {
      AdamssLayer l = (AdamssLayer) layer;
      for (int i = 0; i < l.a().size(); i++) {
        pairs.add(new Pair(l.a().get(i), l.b().get(i)));
      }
    }
  }

  private boolean acts(long step) {
    return step >= config.initWarmup() && step <= config.finalWarmup();
  }

  /** Freezes again what a checkpoint says is frozen, and keeps the gradients that are rated. */
  @Override
  public void beforeStep(Optimizer optimizer) {
    gradients.clear();
    for (Rated r : rated(optimizer)) {
      if (r.ofA.containsKey(FROZEN)) {
        freeze(r.pair);
      } else if (acts(optimizer.steps() + 1)) {
        for (Parameter p : r.pair.both()) {
          Tensor g = p.grad();
          if (g != null) {
            gradients.put(p, g.retain());
          }
        }
      }
    }
  }

  private static void freeze(Pair pair) {
    for (Parameter p : pair.both()) {
      p.freeze();
      p.variable().clearGradient();
    }
  }

  @Override
  public void afterStep(Optimizer optimizer) {
    long step = optimizer.steps();
    if (acts(step)) {
      List<Rated> all = rated(optimizer);
      for (Rated r : all) {
        rate(r.pair.a, r.ofA);
        rate(r.pair.b, r.ofB);
      }
      if (step % config.maskInterval() == 0) {
        allocate(step, all);
      }
    }
    gradients.clear();
  }

  private List<Rated> rated(Optimizer optimizer) {
    Map<Parameter, SequencedMap<String, Variable>> states = new IdentityHashMap<>();
    for (int i = 0; i < optimizer.parameters().size(); i++) {
      states.put(optimizer.parameters().get(i), optimizer.states().get(i));
    }
    List<Rated> all = new ArrayList<>();
    for (Pair p : pairs) {
      SequencedMap<String, Variable> a = states.get(p.a);
      SequencedMap<String, Variable> b = states.get(p.b);
      if (a != null && b != null) {
        all.add(new Rated(p, a, b));
      }
    }
    return all;
  }

  private void rate(Parameter p, SequencedMap<String, Variable> state) {
    Tensor gradient = gradients.get(p);
    if (gradient == null) {
      return;
    }
    float[] w = p.own().toFloats();
    float[] g = gradient.toFloats();
    float[] importance = read(state, IMPORTANCE, w.length);
    float[] uncertainty = read(state, UNCERTAINTY, w.length);
    float beta = (float) config.asaImportanceBeta();
    float rest = (float) (1 - config.asaImportanceBeta());
    float ofUncertainty = (float) config.asaUncertaintyBeta();
    float restOfUncertainty = (float) (1 - config.asaUncertaintyBeta());
    for (int i = 0; i < w.length; i++) {
      float now = Math.abs(w[i] * g[i]);
      uncertainty[i] =
          ofUncertainty * uncertainty[i] + restOfUncertainty * Math.abs(now - importance[i]);
      importance[i] = beta * importance[i] + rest * now;
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

  /** The number of clusters that may still be trained after a step. */
  private int target(long step) {
    int first = config.initWarmup();
    double rest = 1 - (double) (step - first) / (config.finalWarmup() - first);
    double power = Math.pow(Math.clamp(rest, 0, 1), config.asaScheduleExponent());
    int least = config.asaTargetSubspaces();
    return (int) (least + (pairs.size() - least) * power);
  }

  /**
   * Freezes the clusters whose score is not above the target-th largest, so that one fewer than the
   * target is left, as in peft; and starts to rate again.
   */
  private void allocate(long step, List<Rated> all) {
    List<Rated> known = new ArrayList<>();
    for (Rated r : all) {
      if (r.ofA.containsKey(IMPORTANCE) && r.ofB.containsKey(IMPORTANCE)) {
        known.add(r);
      }
    }
    float[] scores = new float[known.size()];
    for (int i = 0; i < scores.length; i++) {
      scores[i] = score(known.get(i).ofA) + score(known.get(i).ofB);
    }
    int target = target(step);
    if (target < scores.length && target > 0) {
      float[] sorted = scores.clone();
      Arrays.sort(sorted);
      float threshold = sorted[sorted.length - target];
      for (int i = 0; i < scores.length; i++) {
        if (!(scores[i] > threshold)) {
          Rated r = known.get(i);
          freeze(r.pair);
          write(r.ofA, FROZEN, r.pair.a, new float[r.pair.a.shape().size()]);
        }
      }
    }
    for (Rated r : all) {
      for (SequencedMap<String, Variable> state : List.of(r.ofA, r.ofB)) {
        state.remove(IMPORTANCE);
        state.remove(UNCERTAINTY);
      }
    }
  }

  private static float score(SequencedMap<String, Variable> state) {
    float[] importance = read(state, IMPORTANCE, 0);
    @Nullable Variable u = state.get(UNCERTAINTY);
    float[] uncertainty = u == null ? new float[importance.length] : u.storage().toFloats();
    double sum = 0;
    for (int i = 0; i < importance.length; i++) {
      sum += importance[i] * uncertainty[i];
    }
    return (float) (sum / importance.length);
  }
}
