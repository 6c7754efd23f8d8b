package dev.peft4j.tuner.lora;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SequencedMap;

/** EVA's search for the directions of the layers' inputs, and how it deals ranks to the layers. */
final class EvaRanks {
  /** More rounds than any data needs that has directions at all. */
  private static final int ROUNDS = 10_000;

  private final SequencedMap<String, Integer> ranks;
  private final SequencedMap<String, Integer> most = new LinkedHashMap<>();
  private final Map<String, String> sameInput = new HashMap<>();
  private final SequencedMap<String, IncrementalPca> searches = new LinkedHashMap<>();
  private SequencedMap<String, Integer> dealt = new LinkedHashMap<>();

  /** Runs the model on a batch and gives the inputs of the layers of these paths. */
  interface Watch {
    void run(Runnable batch, java.util.function.BiConsumer<String, float[]> receiver);
  }

  private EvaRanks(SequencedMap<String, Integer> ranks, double rho) {
    this.ranks = ranks;
    ranks.forEach((path, r) -> most.put(path, (int) Math.rint(r * rho)));
  }

  /**
   * Searches until the directions that are needed stay the same.
   *
   * @param ranks the rank that each layer has before
   * @param sizes the number of inputs of each layer
   */
  static EvaRanks of(
      SequencedMap<String, Integer> ranks,
      Map<String, Integer> sizes,
      double rho,
      double tau,
      List<Runnable> batches,
      Watch watch) {
    EvaRanks eva = new EvaRanks(ranks, rho);
    eva.findEqualInputs(batches.getFirst(), watch);
    for (String path : ranks.keySet()) {
      if (!eva.sameInput.containsKey(path)) {
        eva.searches.put(
            path, new IncrementalPca(eva.most.getOrDefault(path, 1), sizes.getOrDefault(path, 1)));
      }
    }
    eva.search(tau, batches, watch);
    return eva;
  }

  private void findEqualInputs(Runnable batch, Watch watch) {
    Map<String, String> first = new HashMap<>();
    Map<Integer, List<float[]>> seen = new HashMap<>();
    Map<float[], String> owner = new java.util.IdentityHashMap<>();
    watch.run(
        batch,
        (path, x) -> {
          if (first.putIfAbsent(path, path) != null) {
            return;
          }
          List<float[]> alike = seen.computeIfAbsent(Arrays.hashCode(x), k -> new ArrayList<>());
          for (float[] other : alike) {
            if (Arrays.equals(other, x)) {
              sameInput.put(path, owner.getOrDefault(other, path));
              return;
            }
          }
          alike.add(x);
          owner.put(x, path);
        });
    sameInput.forEach(
        (path, as) -> {
          int larger = Math.max(most.getOrDefault(path, 1), most.getOrDefault(as, 1));
          most.put(path, larger);
          most.put(as, larger);
        });
  }

  private void search(double tau, List<Runnable> batches, Watch watch) {
    dealt = new LinkedHashMap<>(most);
    for (int round = 0; round < ROUNDS; round++) {
      List<String> open = new ArrayList<>();
      searches.forEach(
          (path, pca) -> {
            if (!pca.isReady() || !pca.hasConverged(dealt.getOrDefault(path, 0))) {
              open.add(path);
            }
          });
      if (open.isEmpty()) {
        return;
      }
      watch.run(
          batches.get(round % batches.size()),
          (path, x) -> {
            IncrementalPca pca = searches.get(path);
            if (pca != null && open.contains(path)) {
              pca.fit(x, tau);
            }
          });
      if (searches.values().stream().allMatch(IncrementalPca::isReady)) {
        deal();
      }
    }
    throw new IllegalArgumentException(
        "EVA: after "
            + ROUNDS
            + " batches the directions of the inputs still change; are there at least "
            + most.values().stream().mapToInt(v -> v).max().orElse(1)
            + " rows in each batch?");
  }

  private record Share(String path, double explained) {}

  /** Gives the ranks of all layers to those directions that explain most of their inputs. */
  private void deal() {
    List<Share> all = new ArrayList<>();
    List<String> order = new ArrayList<>(searches.keySet());
    ranks.keySet().stream().filter(sameInput::containsKey).forEach(order::add);
    for (String path : order) {
      for (double e : search(path).explained()) {
        all.add(new Share(path, e));
      }
    }
    all.sort(Comparator.comparingDouble(Share::explained).reversed());
    int budget = ranks.values().stream().mapToInt(v -> v).sum();
    SequencedMap<String, Integer> counts = new LinkedHashMap<>();
    order.forEach(path -> counts.put(path, 0));
    all.stream().limit(budget).forEach(s -> counts.merge(s.path, 1, Integer::sum));
    sameInput.forEach(
        (path, as) -> {
          int own = counts.getOrDefault(path, 0);
          int other = counts.getOrDefault(as, 0);
          if (other < own) {
            counts.put(as, own);
            counts.put(path, other);
          }
        });
    dealt = counts;
  }

  private IncrementalPca search(String path) {
    return java.util.Objects.requireNonNull(searches.get(sameInput.getOrDefault(path, path)));
  }

  /** Returns the rank that a layer gets; it may be 0. */
  int rank(String path) {
    return dealt.getOrDefault(path, 0);
  }

  /**
   * Returns the directions of a layer, (rank, in).
   *
   * @param whiten whether they are divided by the roots of their singular values
   */
  float[] directions(String path, int in, boolean whiten) {
    IncrementalPca pca = search(path);
    float[] a = Arrays.copyOf(pca.components(), rank(path) * in);
    for (int i = 0; whiten && i < a.length; i++) {
      a[i] /= (float) Math.sqrt(pca.singularValues()[i / in]);
    }
    return a;
  }
}
