package dev.peft4j.tuner.lora;

import dev.peft4j.io.AdapterConfig;
import dev.peft4j.io.AdapterFolder;
import dev.peft4j.io.ModelCard;
import dev.peft4j.io.StoredTensor;
import dev.peft4j.linalg.LinearAlgebra;
import dev.peft4j.target.TargetSpec;
import dev.peft4j.tensor.Tensor;
import dev.peft4j.tuner.AdapterSet;
import dev.peft4j.tuner.PeftConfig;
import dev.peft4j.tuner.PeftModel;
import dev.peft4j.tuner.WeightChange;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.SequencedMap;

/**
 * An adapter of another tuner as a LoRA adapter (peft's {@code convert_to_lora} and {@code
 * save_as_lora}): of what it adds to each linear layer's weight the largest singular values and
 * vectors. The scale is 1; MiSS's own factors are taken as they are.
 */
public final class LoraConversion {
  private static final String PREFIX = "base_model.model.";

  private final LoraConfig config;
  private final SequencedMap<String, StoredTensor> tensors;
  private final SequencedMap<String, Double> kept;

  private LoraConversion(
      LoraConfig config,
      SequencedMap<String, StoredTensor> tensors,
      SequencedMap<String, Double> kept) {
    this.config = config;
    this.tensors = tensors;
    this.kept = kept;
  }

  /** How many singular values of a layer are taken. */
  private interface Rank {
    int of(String path, float[] values);
  }

  /**
   * Converts an adapter to a LoRA adapter of a rank.
   *
   * @param rank at least 1, and at most the smaller side of each weight
   * @throws IllegalArgumentException if the adapter changes more than weights of linear layers, or
   *     the rank is too large
   */
  public static LoraConversion of(PeftModel model, String adapter, int rank) {
    if (rank < 1) {
      throw new IllegalArgumentException("the rank is " + rank + ", must be at least 1");
    }
    return of(
        model,
        adapter,
        rank,
        (path, values) -> {
          if (rank > values.length) {
            throw new IllegalArgumentException(
                "the rank "
                    + rank
                    + " is larger than '"
                    + path
                    + "' allows, whose weight has the smaller side "
                    + values.length);
          }
          return rank;
        });
  }

  /**
   * Converts an adapter to a LoRA adapter whose layers have the ranks that they need.
   *
   * @param share of the sum of squared singular values that is kept at least; above 0, at most 1
   * @throws IllegalArgumentException if the adapter changes more than weights of linear layers
   */
  public static LoraConversion keeping(PeftModel model, String adapter, double share) {
    if (!(share > 0 && share <= 1)) {
      throw new IllegalArgumentException(
          "the share is " + share + ", must be above 0 and at most 1");
    }
    return of(model, adapter, 1, (_, values) -> enough(values, share));
  }

  private static int enough(float[] values, double share) {
    double total = 0;
    for (float v : values) {
      total += (double) v * v;
    }
    double sum = 0;
    for (int k = 0; k < values.length; k++) {
      sum += (double) values[k] * values[k];
      if (sum >= share * total) {
        return k + 1;
      }
    }
    return values.length;
  }

  private static LoraConversion of(PeftModel model, String adapter, int usual, Rank rank) {
    AdapterSet set = model.adapters();
    PeftConfig from = set.config(adapter);
    SequencedMap<String, StoredTensor> tensors = new LinkedHashMap<>();
    SequencedMap<String, Double> kept = new LinkedHashMap<>();
    SequencedMap<String, Integer> ranks = new LinkedHashMap<>();
    for (WeightChange change : set.weightChanges(adapter)) {
      WeightChange.Factors f = change.exact();
      if (f == null) {
        f = factors(change, rank, kept);
      } else {
        kept.put(change.path(), 1.0);
      }
      ranks.put(change.path(), f.a().dim(0));
      tensors.put(PREFIX + change.path() + ".lora_A.weight", stored(f.a()));
      tensors.put(PREFIX + change.path() + ".lora_B.weight", stored(f.b()));
    }
    tensors.putAll(set.savedModules(adapter));
    return new LoraConversion(config(from, ranks, usual), tensors, kept);
  }

  private static StoredTensor stored(Tensor t) {
    return new StoredTensor(t.shape(), t.storage());
  }

  private static WeightChange.Factors factors(
      WeightChange change, Rank rank, SequencedMap<String, Double> kept) {
    int out = change.delta().dim(0);
    int in = change.delta().dim(1);
    LinearAlgebra.Svd svd = LinearAlgebra.available().svd(change.delta().toFloats(), out, in);
    int all = svd.s().length;
    int r = rank.of(change.path(), svd.s());
    float[] b = new float[out * r];
    for (int i = 0; i < out; i++) {
      for (int k = 0; k < r; k++) {
        b[i * r + k] = svd.u()[i * all + k] * svd.s()[k];
      }
    }
    double total = 0;
    double sum = 0;
    for (int k = 0; k < all; k++) {
      double square = (double) svd.s()[k] * svd.s()[k];
      total += square;
      sum += k < r ? square : 0;
    }
    kept.put(change.path(), total == 0 ? 1 : sum / total);
    float[] a = java.util.Arrays.copyOf(svd.vt(), r * in);
    return new WeightChange.Factors(Tensor.of(b, out, r), Tensor.of(a, r, in));
  }

  private static LoraConfig config(
      PeftConfig from, SequencedMap<String, Integer> ranks, int usual) {
    TargetSpec t = from.targets();
    LoraConfig.Builder b = LoraConfig.builder().r(usual).alpha(usual);
    List<String> names = new ArrayList<>(t.targets());
    ranks.forEach(
        (path, r) -> {
          if (r != usual || t.targetRegex() != null || t.allLinear()) {
            b.rankPattern(path, r).alphaPattern(path, r);
          } else if (!names.contains(path)) {
            names.add(path);
          }
        });
    TargetSpec targets =
        t.targetRegex() != null || t.allLinear() ? t : t.withTargets(names).asFromFile();
    return b.targets(targets.withModulesToSave(from.allModulesToSave()))
        .taskType(from.taskType())
        .baseModel(from.baseModel())
        .build();
  }

  /** Returns the settings of the LoRA adapter. */
  public LoraConfig config() {
    return config;
  }

  /** Returns its tensors by the keys of its file. */
  public SequencedMap<String, StoredTensor> tensors() {
    return Collections.unmodifiableSequencedMap(tensors);
  }

  /**
   * Returns how much of what was added to each layer's weight is kept, by the layer's path: the
   * share of the sum of squared singular values, 1 for all of it.
   */
  public SequencedMap<String, Double> kept() {
    return Collections.unmodifiableSequencedMap(kept);
  }

  /**
   * Saves the LoRA adapter.
   *
   * @throws UncheckedIOException if it cannot be written
   */
  public void save(Path folder) {
    AdapterConfig file = AdapterConfig.of(new LoraTuner().write(config));
    try {
      AdapterFolder.write(folder, "default", file, tensors, ModelCard.of(file, "lora"));
    } catch (IOException e) {
      throw new UncheckedIOException(e.getMessage(), e);
    }
  }
}
