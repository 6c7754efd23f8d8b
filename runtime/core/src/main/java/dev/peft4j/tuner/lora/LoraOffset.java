package dev.peft4j.tuner.lora;

import dev.peft4j.io.AdapterConfig;
import dev.peft4j.io.AdapterFolder;
import dev.peft4j.io.ModelCard;
import dev.peft4j.io.StoredTensor;
import dev.peft4j.tensor.Tensor;
import dev.peft4j.tuner.PeftModel;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.SequencedMap;

/**
 * The part that a start has taken off the weights of the base ({@link LoraData}), remembered so
 * that the adapter can be saved for the base as it was: with twice its rank, A beside the A that it
 * started as, and B beside the negative of its first B. peft does so with {@code
 * path_initial_model_for_weight_conversion}.
 */
public final class LoraOffset {
  private static final String PREFIX = "base_model.model.";

  private final PeftModel model;
  private final String adapter;
  private final Map<String, Factors> first = new LinkedHashMap<>();

  private record Factors(Tensor a, Tensor b) {}

  private LoraOffset(PeftModel model, String adapter) {
    this.model = model;
    this.adapter = adapter;
    StartLayers layers = new StartLayers(model, adapter);
    for (String path : layers.all().keySet()) {
      first.put(path, new Factors(known(layers.a(path)), known(layers.b(path))));
    }
  }

  private static Tensor known(Tensor t) {
    return Tensor.of(t.toFloats(), t.shape().toArray());
  }

  /**
   * Remembers what an adapter starts as; called when it has started and not been trained yet.
   *
   * @throws IllegalArgumentException if none of its targets is a linear layer, or it is one of DoRA
   */
  public static LoraOffset of(PeftModel model, String adapter) {
    if (config(model, adapter).dora()) {
      throw new IllegalArgumentException(
          "an adapter of DoRA is not the sum of two, so it cannot be saved for another base");
    }
    return new LoraOffset(model, adapter);
  }

  private static LoraConfig config(PeftModel model, String adapter) {
    return (LoraConfig) model.adapters().config(adapter);
  }

  /** Returns the settings that it is saved with. */
  public LoraConfig config() {
    LoraConfig c = config(model, adapter);
    double more = c.rslora() ? Math.sqrt(2) : 2;
    SequencedMap<String, Integer> ranks = new LinkedHashMap<>();
    c.rankPattern().forEach((key, r) -> ranks.put(key, 2 * r));
    SequencedMap<String, Double> alphas = new LinkedHashMap<>();
    c.alphaPattern().forEach((key, alpha) -> alphas.put(key, more * alpha));
    return c.doubled(more).withPatterns(ranks, alphas);
  }

  /**
   * Saves the adapter as it is now, for the base as it was before its start.
   *
   * @throws UncheckedIOException if it cannot be written
   */
  public void save(Path folder) {
    SequencedMap<String, StoredTensor> tensors = new LinkedHashMap<>();
    StartLayers now = new StartLayers(model, adapter);
    first.forEach(
        (path, f) -> {
          Tensor a = Tensor.concat(0, now.a(path), f.a);
          Tensor b = Tensor.concat(1, now.b(path), f.b.neg());
          tensors.put(PREFIX + path + ".lora_A.weight", new StoredTensor(a.shape(), a.storage()));
          tensors.put(PREFIX + path + ".lora_B.weight", new StoredTensor(b.shape(), b.storage()));
        });
    tensors.putAll(model.adapters().savedModules(adapter));
    AdapterConfig file = AdapterConfig.of(new LoraTuner().write(config()));
    try {
      AdapterFolder.write(folder, adapter, file, tensors, ModelCard.of(file, "lora"));
    } catch (IOException e) {
      throw new UncheckedIOException(e.getMessage(), e);
    }
  }
}
