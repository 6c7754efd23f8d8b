package dev.peft4j.tuner.lora;

import dev.peft4j.tensor.Tensor;
import dev.peft4j.tuner.AdapterTraining;
import dev.peft4j.tuner.TunerLayer;
import java.util.ArrayList;
import java.util.List;
import java.util.SequencedMap;
import org.jspecify.annotations.Nullable;

/** KaSA's part of the loss: Σ β‖δ‖² + γ(‖BᵀB − I‖ + ‖AAᵀ − I‖) over the layers. */
final class KasaLoss implements AdapterTraining {
  private final LoraVariant.Kasa settings;
  private final List<LoraLayer> layers = new ArrayList<>();

  KasaLoss(LoraVariant.Kasa settings, SequencedMap<String, TunerLayer> all) {
    this.settings = settings;
    all.values()
        .forEach(
            l -> {
              if (l instanceof LoraLayer lora) {
                layers.add(lora);
              }
            });
  }

  @Override
  public @Nullable Tensor addedLoss() {
    Tensor sum = null;
    for (LoraLayer l : layers) {
      if (l.way() instanceof LoraWay.Kasa kasa) {
        Tensor a = distance(l.a().matmul(l.a().transpose(0, 1)));
        Tensor b = distance(l.b().transpose(0, 1).matmul(l.b()));
        Tensor size = kasa.diagonal().square().sum().mul((float) settings.beta());
        Tensor one = size.add(a.add(b).mul((float) settings.gamma()));
        sum = sum == null ? one : sum.add(one);
      }
    }
    return sum;
  }

  private static Tensor distance(Tensor products) {
    return products.sub(Tensor.eye(products.dim(0))).square().sum().sqrt();
  }
}
