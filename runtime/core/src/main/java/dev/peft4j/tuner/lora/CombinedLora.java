package dev.peft4j.tuner.lora;

import dev.peft4j.data.Rng;
import dev.peft4j.linalg.LinearAlgebra;
import dev.peft4j.target.TargetSpec;
import dev.peft4j.tuner.Combination;
import dev.peft4j.tuner.CombinationSource;
import dev.peft4j.tuner.CombinedAdapter;
import dev.peft4j.tuner.TunerLayer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** A new LoRA adapter from others: peft's {@code add_weighted_adapter}. Its alpha is its rank. */
final class CombinedLora implements CombinedAdapter<LoraConfig> {
  /** One adapter's part in one layer, as matrices: a (rank, in), b (out, rank), row-major. */
  private record Part(float[] a, float[] b, int rank, int in, int out, float scale, double weight) {
    static Part of(LowRank layer, double weight) {
      int rank = layer.a().shape().dim(0);
      float[] a = layer.a().own().toFloats();
      float[] b = layer.b().own().toFloats();
      return new Part(a, b, rank, a.length / rank, b.length / rank, layer.scale(), weight);
    }

    /** (out, in). */
    float[] delta() {
      float[] d = product(b, a, out, rank, in);
      for (int i = 0; i < d.length; i++) {
        d[i] *= scale;
      }
      return d;
    }
  }

  private final List<CombinationSource<LoraConfig>> sources;
  private final Combination how;
  private final LoraConfig config;

  CombinedLora(
      List<CombinationSource<LoraConfig>> sources, TargetSpec targets, Combination combination) {
    this.sources = sources;
    // of one adapter nothing is combined
    this.how = sources.size() == 1 ? Combination.of(Combination.Method.LINEAR) : combination;
    how.requiredDensity();
    for (CombinationSource<LoraConfig> s : sources) {
      if (s.config().startsFromWeight()) {
        throw new IllegalArgumentException(
            "adapter '"
                + s.name()
                + "' started from a part of the base's weights (init "
                + s.config().init()
                + "), which another adapter would not take off them: it cannot be combined");
      }
    }
    this.config = sources.getFirst().config().combined(rank(), targets);
  }

  @Override
  public LoraConfig config() {
    return config;
  }

  private int rank() {
    List<Integer> ranks =
        sources.stream()
            .map(CombinationSource::config)
            .map(c -> c.rankPattern().values().stream().reduce(c.r(), Math::max))
            .toList();
    int largest = ranks.stream().max(Comparator.naturalOrder()).orElseThrow();
    if (how.method() == Combination.Method.CAT) {
      return ranks.stream().mapToInt(Integer::intValue).sum();
    }
    if (how.method().usesSvd()) {
      Integer wanted = how.svdRank();
      return wanted == null ? largest : wanted;
    }
    if (Set.copyOf(ranks).size() > 1) {
      throw new IllegalArgumentException(
          "combining by "
              + how.method().peftName()
              + " needs adapters of one rank, these have "
              + ranks
              + "; cat and the methods with svd take any");
    }
    return largest;
  }

  @Override
  public void fill(Map<String, TunerLayer> layers) {
    Rng rng = Rng.current();
    layers.forEach(
        (path, made) -> {
          if (!(made instanceof LowRank)) {
            return; // trained tokens, which peft leaves as they are, too
          }
          List<Part> parts = new ArrayList<>();
          for (CombinationSource<LoraConfig> source : sources) {
            TunerLayer layer = source.layers().get(path);
            if (layer != null) {
              parts.add(Part.of(lowRank(path, layer), source.weight()));
            }
          }
          if (parts.isEmpty()) {
            throw new IllegalArgumentException(
                "the targets of the adapters taken together name '"
                    + path
                    + "', which none of them adapts");
          }
          fill(path, lowRank(path, made), parts, rng);
        });
  }

  private static LowRank lowRank(String path, TunerLayer layer) {
    if (layer instanceof LowRank l) {
      return l;
    }
    throw new IllegalArgumentException(
        "the adapter of '" + path + "' is no product of two matrices and cannot be combined");
  }

  private void fill(String path, LowRank made, List<Part> parts, Rng rng) {
    int rank = made.a().shape().dim(0);
    if (how.method() == Combination.Method.CAT) {
      concatenate(made, parts, rank);
    } else if (how.method().usesSvd()) {
      decompose(made, parts, rank, rng);
    } else {
      if (parts.stream().map(Part::rank).distinct().count() > 1) {
        throw new IllegalArgumentException(
            "'"
                + path
                + "' has adapters of ranks "
                + parts.stream().map(Part::rank).toList()
                + "; combining by "
                + how.method().peftName()
                + " needs one rank");
      }
      combineFactors(made, parts, rank, rng);
    }
  }

  private static void concatenate(LowRank made, List<Part> parts, int rank) {
    Part first = parts.getFirst();
    float[] a = new float[rank * first.in];
    float[] b = new float[first.out * rank];
    int row = 0;
    for (Part p : parts) {
      for (int i = 0; i < p.a.length; i++) {
        a[row * p.in + i] = p.a[i] * (float) p.weight * p.scale;
      }
      copyColumns(p.b, p.rank, b, rank, row, p.out, p.rank);
      row += p.rank;
    }
    set(made, a, b);
  }

  private void combineFactors(LowRank made, List<Part> parts, int rank, Rng rng) {
    float[] onA = new float[parts.size()];
    float[] onB = new float[parts.size()];
    for (int k = 0; k < onA.length; k++) {
      double scaled = parts.get(k).weight * parts.get(k).scale;
      double root = Math.sqrt(Math.abs(scaled));
      onA[k] = (float) (scaled >= 0 ? root : -root);
      onB[k] = (float) root;
    }
    Part first = parts.getFirst();
    float[] a = TaskArithmetic.combine(how, parts.stream().map(Part::a).toList(), onA, rng);
    float[] b = TaskArithmetic.combine(how, parts.stream().map(Part::b).toList(), onB, rng);
    float[] wide = new float[first.out * rank];
    copyColumns(b, first.rank, wide, rank, 0, first.out, first.rank);
    set(made, Arrays.copyOf(a, rank * first.in), wide);
  }

  private void decompose(LowRank made, List<Part> parts, int rank, Rng rng) {
    float[] w = new float[parts.size()];
    for (int k = 0; k < w.length; k++) {
      w[k] = (float) parts.get(k).weight;
    }
    Part first = parts.getFirst();
    float[] delta = TaskArithmetic.combine(how, parts.stream().map(Part::delta).toList(), w, rng);
    LinearAlgebra.Svd svd = LinearAlgebra.available().svd(delta, first.out, first.in);
    int k = svd.s().length;
    int used = Math.min(rank, k);
    float[] b = new float[first.out * rank];
    for (int i = 0; i < first.out; i++) {
      for (int j = 0; j < used; j++) {
        b[i * rank + j] = svd.u()[i * k + j] * svd.s()[j];
      }
    }
    float[] a = Arrays.copyOf(Arrays.copyOf(svd.vt(), used * first.in), rank * first.in);
    clamp(how.svdClamp(), a, b, used * first.in, rank, used);
    set(made, a, b);
  }

  /** Clamps to ± the quantile of all elements. */
  private static void clamp(
      @Nullable Double quantile, float[] a, float[] b, int sizeOfA, int rank, int used) {
    if (quantile == null) {
      return;
    }
    int rows = b.length / rank;
    float[] all = new float[sizeOfA + rows * used];
    System.arraycopy(a, 0, all, 0, sizeOfA);
    for (int i = 0; i < rows; i++) {
      System.arraycopy(b, i * rank, all, sizeOfA + i * used, used);
    }
    Arrays.sort(all);
    double at = quantile * (all.length - 1);
    int below = (int) at;
    int above = Math.min(below + 1, all.length - 1);
    float high = (float) (all[below] + (at - below) * (all[above] - all[below]));
    for (float[] m : List.of(a, b)) {
      for (int i = 0; i < m.length; i++) {
        m[i] =
            Math.min(
                Math.max(m[i], -high),
                high); // as torch: with a negative quantile everything becomes it
      }
    }
  }

  private static void copyColumns(
      float[] from, int fromWidth, float[] to, int toWidth, int at, int rows, int columns) {
    for (int i = 0; i < rows; i++) {
      System.arraycopy(from, i * fromWidth, to, i * toWidth + at, columns);
    }
  }

  private static void set(LowRank made, float[] a, float[] b) {
    made.a().set(a);
    made.b().set(b);
  }

  private static float[] product(float[] x, float[] y, int rows, int inner, int columns) {
    float[] out = new float[rows * columns];
    for (int i = 0; i < rows; i++) {
      for (int k = 0; k < inner; k++) {
        float v = x[i * inner + k];
        for (int j = 0; j < columns; j++) {
          out[i * columns + j] += v * y[k * columns + j];
        }
      }
    }
    return out;
  }
}
