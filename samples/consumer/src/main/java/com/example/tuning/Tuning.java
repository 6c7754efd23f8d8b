package com.example.tuning;

import dev.peft4j.data.Rng;
import dev.peft4j.optim.AdamW;
import dev.peft4j.tensor.Tensor;
import dev.peft4j.train.Batches;
import dev.peft4j.train.Trainer;
import dev.peft4j.train.TrainingEvent;
import dev.peft4j.train.TrainingSettings;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.IntStream;

/** Trains an adapter and saves it; goes on where it stopped, if it was stopped. */
public final class Tuning {
  private Tuning() {}

  record Batch(Tensor x, Tensor labels) {}

  /** Arguments: a folder for the run (default {@code run}), epochs (default 20). */
  public static void main(String[] args) {
    Path folder = Path.of(args.length > 0 ? args[0] : "run");
    int epochs = args.length > 1 ? Integer.parseInt(args[1]) : 20;
    ClassifierPeft model = model();
    System.out.println(model.trainableSummary());
    List<Batch> batches = IntStream.range(0, 16).mapToObj(Tuning::batch).toList();
    double before = accuracy(model, batches);
    Trainer.of(
            model,
            AdamW.of(model.trainableParameters(), 2e-2f),
            Batches.of(batches),
            b -> model.forward(b.x()).crossEntropy(b.labels()))
        .settings(TrainingSettings.epochs(epochs))
        .checkpoints(folder.resolve("checkpoints"))
        .listener(Tuning::print)
        .resume();
    System.out.printf("accuracy %.3f, was %.3f%n", accuracy(model, batches), before);
    model.save(folder.resolve("adapter"));
    System.out.println("saved " + folder.resolve("adapter"));
  }

  /** The same weights each time: a base model that is nowhere stored. */
  static ClassifierPeft model() {
    return Rng.with(7, () -> new ClassifierPeft(8, 2, 2));
  }

  /** Points around the origin; the label says whether they are far from it. */
  static Batch batch(int number) {
    float[] values = new Rng(number).normal(32 * 8, 0, 1);
    int[] labels = new int[32];
    for (int i = 0; i < 32; i++) {
      float squares = 0;
      for (int j = 0; j < 8; j++) {
        squares += values[i * 8 + j] * values[i * 8 + j];
      }
      labels[i] = squares > 7.3f ? 1 : 0;
    }
    return new Batch(Tensor.of(values, 32, 8), Tensor.of(labels));
  }

  static double accuracy(ClassifierPeft model, List<Batch> batches) {
    model.eval();
    int right = 0;
    for (Batch b : batches) {
      int[] found = model.forward(b.x()).argmax();
      int[] labels = b.labels().toInts();
      for (int i = 0; i < found.length; i++) {
        right += found[i] == labels[i] ? 1 : 0;
      }
    }
    return right / (32.0 * batches.size());
  }

  private static void print(TrainingEvent event) {
    switch (event) {
      case TrainingEvent.Started e when e.from() != null ->
          System.out.println("resumed at step " + e.state().step());
      case TrainingEvent.Saved e -> System.out.println("checkpoint at step " + e.state().step());
      default -> {}
    }
  }
}
