package dev.peft4j.spark;

import dev.peft4j.data.Rng;
import dev.peft4j.nn.Dropout;
import dev.peft4j.nn.Linear;
import dev.peft4j.nn.Module;
import dev.peft4j.nn.NamedParameter;
import dev.peft4j.optim.AdamW;
import dev.peft4j.tensor.Tensor;
import dev.peft4j.train.Batches;
import dev.peft4j.train.Trainer;
import dev.peft4j.train.TrainingSettings;
import dev.peft4j.tuner.AdaptedModel;
import dev.peft4j.tuner.PeftModel;
import dev.peft4j.tuner.lora.LoraConfig;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * A classifier of points with dropout in the base and in the adapter.
 *
 * @param noisy whether the loss draws more numbers for some batches than for others
 * @param ignored whether some labels do not count
 */
record SmallRecipe(boolean noisy, boolean ignored, double dropout)
    implements TrainingRecipe<SmallRecipe.Net, AdaptedModel<SmallRecipe.Net>, SmallRecipe.Batch> {
  private static final long serialVersionUID = 1L;

  static final int CLASSES = 3;
  static final int MICRO = 5;

  static final class Net extends Module {
    final Linear first = new Linear(4, 24);
    final Dropout dropout;
    final Linear second = new Linear(24, CLASSES);

    Net(double p) {
      dropout = new Dropout(p);
    }

    Tensor forward(Tensor x) {
      return second.forward(dropout.forward(first.forward(x).gelu()));
    }
  }

  record Example(float[] x, int label) {}

  record Batch(Tensor x, Tensor labels) {}

  static SmallRecipe plain() {
    return new SmallRecipe(false, false, 0.2);
  }

  @Override
  public Net base() {
    return Rng.with(1, () -> new Net(dropout));
  }

  @Override
  public AdaptedModel<Net> adapt(Net base) {
    LoraConfig config =
        LoraConfig.builder()
            .targets("first")
            .modulesToSave("second")
            .r(4)
            .alpha(8)
            .dropout(dropout)
            .build();
    return Rng.with(2, () -> PeftModel.of(base, config));
  }

  @Override
  public Batches<Batch> data() {
    Rng rng = new Rng(3);
    List<Example> all = new ArrayList<>();
    for (int i = 0; i < 93; i++) {
      float[] x = rng.normal(4, 0, 1);
      int label = x[0] * x[1] > 0 ? 0 : x[2] > x[3] ? 1 : 2;
      all.add(new Example(x, ignored && i % 3 == 0 ? -100 : label));
    }
    return Batches.shuffled(all, MICRO, 4, SmallRecipe::collate);
  }

  private static Batch collate(List<Example> some) {
    float[] x = new float[some.size() * 4];
    int[] labels = new int[some.size()];
    for (int i = 0; i < labels.length; i++) {
      System.arraycopy(some.get(i).x(), 0, x, 4 * i, 4);
      labels[i] = some.get(i).label();
    }
    return new Batch(Tensor.of(x, labels.length, 4), Tensor.of(labels, labels.length));
  }

  @Override
  public Tensor loss(AdaptedModel<Net> model, Batch batch) {
    Tensor x = batch.x();
    if (noisy) {
      int n = (int) (Math.abs(x.toFloats()[0]) * 10); // differs from batch to batch
      float[] noise = Rng.current().normal(n + 1, 0, 0.1f);
      x = x.add(noise[n]);
    }
    return model.model().forward(x).crossEntropy(batch.labels(), -100);
  }

  static TrainingSettings.Builder settings(int accumulation) {
    return TrainingSettings.builder().epochs(2).accumulation(accumulation).clipNorm(0.5f).seed(7);
  }

  /** All that one process trains, as bits. */
  Map<String, List<Float>> alone(TrainingSettings settings) {
    AdaptedModel<Net> model = adapt(base());
    Trainer.of(
            model,
            AdamW.of(model.trainableParameters(), 0.02f),
            data(),
            (Batch b) -> loss(model, b))
        .settings(settings)
        .run();
    return weights(model);
  }

  static Map<String, List<Float>> weights(AdaptedModel<Net> model) {
    Map<String, List<Float>> all = new LinkedHashMap<>();
    for (NamedParameter p : model.namedParameters()) {
      List<Float> values = new ArrayList<>();
      for (float v : p.parameter().own().toFloats()) {
        values.add(v);
      }
      all.put(p.name(), values);
    }
    return all;
  }
}
