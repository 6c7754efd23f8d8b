package dev.peft4j.tuner.lora;

import dev.peft4j.tensor.Tensor;
import dev.peft4j.tuner.AdapterTraining;
import dev.peft4j.tuner.TunerLayer;
import java.util.ArrayList;
import java.util.List;
import java.util.SequencedMap;
import org.jspecify.annotations.Nullable;

/** MonteCLoRA's part of the loss: the mean over the layers of what each of them adds. */
final class MonteCloraLoss implements AdapterTraining {
  private final List<MonteClora> layers = new ArrayList<>();

  MonteCloraLoss(SequencedMap<String, TunerLayer> all) {
    for (TunerLayer layer : all.values()) {
      if (layer instanceof LoraLayer lora && lora.way() instanceof MonteClora way) {
        layers.add(way);
      }
    }
  }

  @Override
  public @Nullable Tensor addedLoss() {
    Tensor sum = null;
    for (MonteClora layer : layers) {
      Tensor one = layer.loss();
      if (one != null) {
        sum = sum == null ? one : sum.add(one);
      }
    }
    return sum == null ? null : sum.div(layers.size());
  }
}
