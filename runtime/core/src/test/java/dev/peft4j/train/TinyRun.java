package dev.peft4j.train;

import dev.peft4j.data.Rng;
import dev.peft4j.nn.Dropout;
import dev.peft4j.nn.Linear;
import dev.peft4j.nn.Module;
import dev.peft4j.nn.NamedParameter;
import dev.peft4j.optim.AdamW;
import dev.peft4j.optim.Optimizer;
import dev.peft4j.tensor.Tensor;
import dev.peft4j.tuner.AdaptedModel;
import dev.peft4j.tuner.PeftModel;
import dev.peft4j.tuner.lora.LoraConfig;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** A model, data and an optimizer that are trained in a moment, with randomness in every place. */
final class TinyRun {
  static final int EXAMPLES = 22;
  static final int BATCH = 4;

  record Example(float[] x, float y) {}

  record Batch(Tensor x, Tensor y) {}

  /** Two layers with dropout between them. */
  static final class Mlp extends Module {
    final Linear first = new Linear(3, 8);
    final Dropout dropout = new Dropout(0.2);
    final Linear second = new Linear(8, 1);

    Tensor forward(Tensor x) {
      return second.forward(dropout.forward(first.forward(x).relu()));
    }
  }

  /** For a run without a folder for checkpoints. */
  static TrainingSettings unsaved(TrainingSettings s) {
    return new TrainingSettings(
        s.epochs(),
        s.steps(),
        s.accumulation(),
        s.clipNorm(),
        s.schedule(),
        s.plateau(),
        s.evaluateEvery(),
        s.monitor(),
        null,
        0,
        s.seed());
  }

  /** For a run without an evaluator. */
  static TrainingSettings unevaluated(TrainingSettings s) {
    return new TrainingSettings(
        s.epochs(),
        s.steps(),
        s.accumulation(),
        s.clipNorm(),
        s.schedule(),
        null,
        null,
        null,
        s.checkpointEvery(),
        s.keep(),
        s.seed());
  }

  final AdaptedModel<Mlp> model;
  final Optimizer optimizer;

  /**
   * A new run.
   *
   * @param seed of what is random in training; the base is always the same
   */
  TinyRun(long seed) {
    this(seed, 4);
  }

  TinyRun(long seed, int rank) {
    Mlp base = Rng.with(1, Mlp::new);
    LoraConfig config =
        LoraConfig.builder()
            .targets("first")
            .modulesToSave("second")
            .r(rank)
            .alpha(8)
            .dropout(0.25)
            .build();
    this.model = Rng.with(seed, () -> PeftModel.of(base, config));
    base.dropout.rng().restore(seed, 0);
    this.optimizer = AdamW.of(model.trainableParameters(), 0.02f);
  }

  static List<Example> examples() {
    Rng rng = new Rng(5);
    List<Example> all = new ArrayList<>();
    for (int i = 0; i < EXAMPLES; i++) {
      float[] x = rng.normal(3, 0, 1);
      all.add(new Example(x, x[0] - 2 * x[1] * x[2]));
    }
    return all;
  }

  static Batch collate(List<Example> examples) {
    float[] x = new float[examples.size() * 3];
    float[] y = new float[examples.size()];
    for (int i = 0; i < y.length; i++) {
      System.arraycopy(examples.get(i).x(), 0, x, i * 3, 3);
      y[i] = examples.get(i).y();
    }
    return new Batch(Tensor.of(x, y.length, 3), Tensor.of(y, y.length, 1));
  }

  static Batches<Batch> batches() {
    return Batches.shuffled(examples(), BATCH, 3, TinyRun::collate);
  }

  /** The loss has noise from the trainer's generator. */
  Tensor loss(Batch batch) {
    Tensor noise = Tensor.of(Rng.current().normal(batch.y().dim(0), 0, 0.01f), batch.y().dim(0), 1);
    return plainLoss(new Batch(batch.x(), batch.y().add(noise)));
  }

  Tensor plainLoss(Batch batch) {
    return model.model().forward(batch.x()).mseLoss(batch.y());
  }

  Trainer<Batch> trainer(TrainingSettings settings) {
    return Trainer.of(model, optimizer, batches(), this::loss).settings(settings);
  }

  /** All that training changes, for comparing bits. */
  Map<String, List<Float>> weights() {
    Map<String, List<Float>> all = new LinkedHashMap<>();
    for (NamedParameter p : model.namedParameters()) {
      List<Float> values = new ArrayList<>();
      for (float v : p.parameter().own().toFloats()) {
        values.add(v);
      }
      all.put(p.name(), values);
    }
    for (int i = 0; i < optimizer.states().size(); i++) {
      int index = i;
      optimizer
          .states()
          .get(i)
          .forEach(
              (name, v) -> {
                List<Float> values = new ArrayList<>();
                for (float x : v.storage().toFloats()) {
                  values.add(x);
                }
                all.put(index + "." + name, values);
              });
    }
    return all;
  }
}
